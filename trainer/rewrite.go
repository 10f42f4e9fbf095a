package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"parley/shared/cli"
	"parley/shared/durable"
	"parley/shared/importers"
	"parley/shared/progress"
	"parley/trainer/disk"
	"parley/trainer/rewrite"
)

var rewriteCommand = cli.Command{
	Name: "rewrite", Define: runRewrite,
	Synopsis: `--url URL --model NAME --examples FILES --out FILE [FLAGS]`,
	Summary:  "have a language model rewrite questions so that they are understandable alone",
	About: `Asks a language model to rewrite every question so that it is understandable alone. Any
server that speaks OpenAI's chat completions will do: llama.cpp's, vLLM, Ollama, hosted
ones. The command reads a key from the environment variable PARLEY_API_KEY. It sends the
key only to the address of --url (redirects are refused) and never prints it, even if a
server's message contains it.

Every answer is kept in --cache at once, by the hash of the request: after a stop, the
same command continues, and asks nothing twice. A question without a usable answer is
named, and stays without a rewrite; after twenty in a row the run stops.`,
	Examples: `trainer rewrite --url http://localhost:8080/v1 --model smollm2 --examples topiocqa.jsonl --out rewritten.jsonl
trainer rewrite --url http://localhost:11434/v1 --model llama3.1 --prompt prompt.txt --parallel 8 --examples x.jsonl --out y.jsonl
trainer rewrite --url http://localhost:8000/v1 --model NAME --all --json --examples qrecc.jsonl --out mine.jsonl > counts.json`,
}

func runRewrite(flags *cli.Flags) cli.Run {
	c := rewrite.Default()
	c.Key = os.Getenv("PARLEY_API_KEY")
	var examples files
	var out, cache, prompt string
	var again, asJSON bool
	flags.StringVar(&c.URL, "url", "", "the API's `address`, with its version")
	flags.StringVar(&c.Model, "model", "", "the model's `name`")
	flags.Var(&examples, "examples", "`files` that trainer import wrote")
	flags.StringVar(&out, "out", "", "write the examples with their rewrites to `file`")
	flags.StringVar(&cache, "cache", "", "`file` in which the answers are kept (empty: --out with .answers)")
	flags.StringVar(&prompt, "prompt", "", "`file` with your own prompt: a Go template with .History (each with .Question and .Reply) and .Question")
	flags.BoolVar(&again, "all", false, "also rewrite questions that have a rewrite")
	flags.BoolVar(&asJSON, "json", false, "print what was done as JSON")
	flags.IntVar(&c.Parallel, "parallel", c.Parallel, "ask `n` questions at the same time")
	flags.IntVar(&c.Retries, "retries", c.Retries, "try a request again `n` times if its failure may be temporary")
	flags.DurationVar(&c.Timeout, "timeout", c.Timeout, "of one request, a `duration`")
	flags.Float64Var(&c.Temperature, "temperature", c.Temperature, "the model's `temperature`")
	flags.IntVar(&c.MaxTokens, "max-tokens", c.MaxTokens, "an answer has at most `n` tokens")
	flags.IntVar(&c.MaxWords, "max-words", c.MaxWords, "refuse an answer of more than `n` words")
	flags.IntVar(&c.Seed, "seed", c.Seed, "the model's `seed`, if the server uses one")
	return func(ctx context.Context, s cli.Streams, args []string) error {
		switch {
		case len(args) > 0:
			return cli.Usagef("%q is no flag", args[0])
		case c.URL == "" || c.Model == "":
			return cli.Usagef("--url and --model are needed")
		case c.Parallel < 1, c.Retries < 0, c.MaxTokens < 1, c.MaxWords < 1, c.Timeout <= 0:
			return cli.Usagef("--parallel, --max-tokens, --max-words and --timeout must be above zero, --retries not below")
		case len(examples) == 0 || out == "":
			return cli.Usagef("--examples and --out are needed")
		}
		if cache == "" {
			cache = out + ".answers"
		}
		if prompt != "" {
			data, err := os.ReadFile(prompt)
			if err != nil {
				return err
			}
			c.Prompt = string(data)
		}
		r, err := disk.Import("jsonl", examples, importers.Options{})
		if err != nil {
			return err
		}
		for _, e := range r.Unread {
			fmt.Fprintln(s.Err, "not read:", e)
		}
		todo, at := r.Examples, []int(nil)
		if !again {
			todo = nil
			for i, e := range r.Examples {
				if e.Rewrite == "" {
					todo, at = append(todo, e), append(at, i)
				}
			}
		}
		c.Note = func(text string) { fmt.Fprintln(s.Err, text) }
		m := progress.Await(s.Err, "rewriting", int64(len(todo)))
		n, err := c.Run(ctx, todo, cache, func(id string, err error) {
			fmt.Fprintf(s.Err, "not rewritten: %s: %v\n", id, err)
		}, func(done int, n rewrite.Count) {
			m.Update(int64(done), fmt.Sprintf("%d failed, %d tokens", n.Failed, n.PromptTokens+n.AnswerTokens))
		})
		if err != nil {
			return fmt.Errorf("%w (%d answers are in %s; the same command continues from there)", err, n.Asked+n.Cached, cache)
		}
		m.Done(fmt.Sprintf("%d asked, %d from the cache, %d failed; %d tokens read, %d written", n.Asked, n.Cached, n.Failed, n.PromptTokens, n.AnswerTokens))
		for k, i := range at {
			r.Examples[i] = todo[k]
		}
		var b bytes.Buffer
		if err := importers.Write(&b, r.Examples); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		if err := durable.WriteFile(out, b.Bytes()); err != nil || !asJSON {
			return err
		}
		return json.NewEncoder(s.Out).Encode(n)
	}
}
