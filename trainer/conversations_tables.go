package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"parley/trainer/conversations"
	"parley/trainer/converse"
)

// percent formats a share of n as a percentage, or "-" if n is 0.
func percent(part float64, n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*part)
}

// measuredTable prints nDCG@10 as a Markdown table: a row per group, a column
// per system.
func measuredTable(stdout io.Writer, splits []string, rows []converse.Measured) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	for _, split := range splits {
		var of []converse.Measured
		for _, m := range rows {
			if m.Split == split {
				of = append(of, m)
			}
		}
		fmt.Fprintf(w, "| %s, nDCG@10\t| turns\t", split)
		for _, m := range of {
			fmt.Fprintf(w, "| %s, %s\t", m.System, m.Input)
		}
		fmt.Fprint(w, "|\n|---\t|---:\t", strings.Repeat("|---:\t", len(of)), "|\n")
		line := func(name string, turns int, value func(converse.Measured) float64) {
			fmt.Fprintf(w, "| %s\t| %d\t", name, turns)
			for _, m := range of {
				fmt.Fprintf(w, "| %.3f\t", value(m))
			}
			fmt.Fprintln(w, "|")
		}
		for _, g := range converse.Groups {
			line(g.Name, of[0].Turns[g.Name], func(m converse.Measured) float64 { return m.NDCG[g.Name] })
		}
		line("MRR, all", of[0].Turns["all"], func(m converse.Measured) float64 { return m.MRR["all"] })
		line("R@10, all", of[0].Turns["all"], func(m converse.Measured) float64 { return m.R10["all"] })
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// repliedTable prints a Markdown table with a row per group.
func repliedTable(stdout io.Writer, reports []converse.Replied) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	for _, m := range reports {
		fmt.Fprintf(w, "| %s, %s, %s's replies\t| turns\t", m.Split, m.Encoder, m.Replies)
		for _, c := range converse.Columns {
			fmt.Fprintf(w, "| %s\t", c.Name)
		}
		fmt.Fprintln(w, "|\n|---\t|---:\t"+strings.Repeat("|---:\t", len(converse.Columns))+"|")
		for _, g := range converse.Groups {
			fmt.Fprintf(w, "| %s\t| %d\t", g.Name, m.Turns[g.Name])
			for _, c := range converse.Columns {
				fmt.Fprintf(w, "| %s\t", percent(m.Shares[c.Key][g.Name], m.Turns[g.Name]))
			}
			fmt.Fprintln(w, "|")
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

// switchTable prints two Markdown tables: one of the pairs, one of the
// follow-ups.
func switchTable(stdout io.Writer, reports []converse.Switched) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| new topics\t| pairs\t| read\t| same first article as alone\t| right article first\t| read alone\t|\n|---\t|---:\t|---\t|---:\t|---:\t|---:\t|")
	for _, s := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| the question alone\t| \t| %s\t| \t|\n", s.Split, s.Encoder, s.Pairs, percent(s.Alone, s.Pairs))
		for _, by := range []struct {
			name string
			of   converse.Reading
		}{{"as the engine decides", s.Engine}, {"with the history", s.Whole}} {
			fmt.Fprintf(w, "| \t| \t| %s\t| %s\t| %s\t| %s\t|\n", by.name, percent(by.of.Same, s.Pairs), percent(by.of.Right, s.Pairs), percent(by.of.Alone, s.Pairs))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\n| real follow-ups\t| turns\t| first with the history\t| first as decided\t| first in both\t| kept\t| kept, needs context\t| read alone\t| and need context\t| topic switches read alone\t|\n|---\t"+strings.Repeat("|---:\t", 9)+"|")
	share := func(part, of int) string { return percent(float64(part)/float64(max(1, of)), of) }
	for _, s := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| %d\t| %d\t| %d\t| %s\t| %s\t| %d\t| %d\t| %d of %d\t|\n", s.Split, s.Encoder, s.FollowN, s.FirstTogether, s.FirstAsDecided,
			s.FirstBoth, share(s.FirstBoth, s.FirstTogether), share(s.FirstBothNeed, s.TogetherAndNeed), s.ReadAlone, s.ReadAloneNeeds, s.SwitchesAlone, s.Switches)
	}
	return w.Flush()
}

func quoteTable(stdout io.Writer, reports []converse.Quoted) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| quoted of the right article\t| turns\t| article found in\t| answers\t| or in part\t| two sentences\t| mean bytes\t| reply answers\t| said before\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, r := range reports {
		fmt.Fprintf(w, "| %s, %s\t| %d\t| %d\t| %s\t| %s\t| %s\t| %.0f\t| %s\t| %d of %d\t|\n", r.Split, r.Encoder, r.Turns, r.Found,
			percent(r.Right, r.Found), percent(r.Partly, r.Found), percent(r.Pairs, r.Found), r.Bytes, percent(r.Reply, r.Turns), r.Again, r.Replies)
	}
	return w.Flush()
}

func surenessTable(stdout io.Writer, r *converse.Sureness) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "%s: %d turns, the sparse stage's first article is right in %.1f %%.\n", strings.Join(r.Splits, ", "), r.Turns, 100*r.Right)
	fmt.Fprintf(w, "Coefficients that fit them (log loss on held-out conversations %.4f; of the mean alone %.4f):\n\n", r.LogLoss, r.Constant)
	for i, c := range r.Coefficients {
		fmt.Fprintf(w, "%s%.3f", map[bool]string{true: "", false: ", "}[i == 0], c)
	}
	fmt.Fprintln(w, "\n\n| as sure as\t| turns\t| mean\t| right\t|\n|---\t|---:\t|---:\t|---:\t|")
	for _, b := range r.Bins {
		fmt.Fprintf(w, "| %.1f to %.1f\t| %d\t| %.3f\t| %.3f\t|\n", b.From, b.To, b.Turns, b.Sure, b.Right)
	}
	if r.Curve != nil {
		fmt.Fprintln(w, "\n| the dense stage is skipped\t| it is asked in\t| right article first\t| mean ms\t|\n|---\t|---:\t|---:\t|---:\t|")
		for _, s := range r.Curve {
			when := fmt.Sprintf("where sure >= %v", s.Above)
			switch {
			case s.Above == 0:
				when = "never"
			case s.Above > 1:
				when = "always"
			}
			fmt.Fprintf(w, "| %s\t| %.1f %%\t| %.1f %%\t| %.1f\t|\n", when, 100*s.Dense, 100*s.Right, s.MS)
		}
	}
	return w.Flush()
}

func doubtTable(stdout io.Writer, r *converse.Doubted) error {
	fmt.Fprintf(stdout, "Stage %s. Coefficients that fit train and choice, and the threshold of dev:\n\n", r.Stage)
	for i, c := range r.Fitted {
		fmt.Fprintf(stdout, "%s%.3f", map[bool]string{true: "", false: ", "}[i == 0], c)
	}
	fmt.Fprintf(stdout, "\nabove %.3f\n\n", r.Above)
	w := tabwriter.NewWriter(stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| split\t| unanswerable\t| recognised\t| rightly answered\t| lost\t| wrongly answered\t| spared\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|---:\t|---:\t|")
	for _, s := range r.Splits {
		fmt.Fprintf(w, "| %s\t| %d\t| %s\t| %d\t| %s\t| %d\t| %s\t|\n", s.Split, s.None, percent(s.Recognised, s.None), s.Right, percent(s.Lost, s.Right), s.Wrong, percent(s.Spared, s.Wrong))
	}
	fmt.Fprint(w, "\n| recognised\t|")
	for _, k := range conversations.NoneKinds {
		fmt.Fprintf(w, " %s\t|", k)
	}
	fmt.Fprint(w, "\n|---\t|")
	for range conversations.NoneKinds {
		fmt.Fprint(w, "---:\t|")
	}
	fmt.Fprintln(w)
	for _, s := range r.Splits {
		fmt.Fprintf(w, "| %s\t|", s.Split)
		for _, k := range conversations.NoneKinds {
			fmt.Fprintf(w, " %s\t|", percent(s.Kinds[string(k)], 1))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\n| split\t| lost\t| recognised\t| spared\t| above\t|\n|---\t|---:\t|---:\t|---:\t|---:\t|")
	for _, s := range r.Splits {
		for _, p := range s.Curve {
			fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %s\t| %.3f\t|\n", s.Split, percent(p.Lost, 1), percent(p.Recognised, 1), percent(p.Spared, 1), p.Above)
		}
	}
	return w.Flush()
}
