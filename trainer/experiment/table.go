package experiment

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/shared/durable"
	"parley/shared/importers"
	"parley/trainer/metrics"
)

// columns are the measures in the Markdown tables, beside L0 and FLOPS.
var columns = []metrics.Measure{metrics.MRR, metrics.NDCG3, metrics.NDCG10, metrics.R10, metrics.R100}

// writeTables writes results.csv and tables.md, and renews the text between README.md's
// markers.
func writeTables(g *Grid, s *Summary, dir string) error {
	data, err := csvTable(s)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, "results.csv"), data); err != nil {
		return err
	}
	blocks := map[string]string{"headline": s.headlineText(g)}
	if blocks["data"], err = dataTable(dir); err != nil {
		return err
	}
	var all strings.Builder
	all.WriteString("# Tables of the experiments\n\nMade by `trainer experiment --report`. " + legend(g) + "\n\n" + blocks["headline"])
	for _, x := range g.Experiments {
		blocks[x.Name] = s.markdown(g, x.Name)
		fmt.Fprintf(&all, "\n## %s\n\n%s\n\n%s", x.Name, x.About, blocks[x.Name])
	}
	if blocks["data"] != "" {
		all.WriteString("\n## Data\n\n" + blocks["data"])
	}
	blocks["legend"] = legend(g) + "\n"
	if err := durable.WriteFile(filepath.Join(dir, "tables.md"), []byte(all.String())); err != nil {
		return err
	}
	return renew(filepath.Join(dir, "README.md"), blocks)
}

func legend(g *Grid) string {
	return fmt.Sprintf("Figures are means over the seeds ± standard deviation. ▲ and ▼: significantly above or below *%s* (paired randomisation test over the queries, p < .05, of nDCG@10 and R@100; not corrected for the number of rows). *Preliminary*: trained with fewer than %d seeds.", g.Baseline, enoughSeeds)
}

// figure formats a figure without its leading zero.
func figure(v float64, decimals int) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.HasPrefix(text, "0.") {
		return text[1:]
	}
	return strings.Replace(text, "-0.", "-.", 1)
}

func (st Stat) text(decimals int, seeds int) string {
	if seeds < 2 {
		return figure(st.Mean, decimals)
	}
	return figure(st.Mean, decimals) + " ± " + figure(st.SD, decimals)
}

// markdown returns an experiment's table for every evaluation.
func (s *Summary) markdown(g *Grid, experiment string) string {
	var b strings.Builder
	for _, e := range s.Evaluations {
		var lines []*Line
		for i := range s.Rows {
			if s.Rows[i].Experiment == experiment && s.Rows[i].Evaluations[e.Short] != nil {
				lines = append(lines, &s.Rows[i])
			}
		}
		if len(lines) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		against := ""
		if i := slices.IndexFunc(g.Experiments, func(x Experiment) bool { return x.Name == experiment }); g.Experiments[i].Against != "" {
			against = fmt.Sprintf("; FLOPS and R@100 against *%s*", g.Experiments[i].Against)
		}
		fmt.Fprintf(&b, "%s: %s queries, %s passages%s\n\n| | seeds |", e.Name, thousands(e.Queries), thousands(e.Passages), against)
		for _, m := range columns {
			fmt.Fprintf(&b, " %s |", metrics.Names[m])
		}
		head, width := " L0 | FLOPS |", len(columns)+2
		compared := slices.ContainsFunc(lines, func(l *Line) bool { return l.Evaluations[e.Short].Against != nil })
		if compared {
			head, width = head+" lower by | R@100 lost |", width+2
		}
		b.WriteString(head + "\n|---|---:|" + strings.Repeat("---:|", width) + "\n")
		for _, l := range lines {
			b.WriteString(l.markdown(e.Short))
			if c := l.Evaluations[e.Short].Against; c != nil {
				fmt.Fprintf(&b, " %.2fx | %.1f %% |", c.FLOPSRatio, 100*c.Recall100Drop)
			} else if compared {
				b.WriteString(" | |")
			}
			b.WriteString("\n")
		}
	}
	if b.Len() == 0 {
		return "Nothing is measured yet.\n"
	}
	b.WriteString(s.choices(g, experiment))
	return b.String()
}

// choiceColumns are the measures by which a setting is chosen, beside FLOPS.
var choiceColumns = []metrics.Measure{metrics.NDCG10, metrics.R100}

// choices returns an experiment's table for the sets for choosing settings, Grid.Choice
// first, or "" if no row is measured on any other of them. Figures that are not measured
// are missing.
func (s *Summary) choices(g *Grid, experiment string) string {
	lines := s.of(experiment)
	if !slices.ContainsFunc(lines, func(l *Line) bool { return l.Choices != nil }) {
		return ""
	}
	sets := slices.Clone(g.Choices)
	if g.Choice != nil {
		sets = slices.Insert(sets, 0, *g.Choice)
	}
	var b strings.Builder
	b.WriteString("\nSets to choose settings on, on which no row is tested:\n\n| | seeds |")
	for _, e := range sets {
		fmt.Fprintf(&b, " %s:", e.Name)
		for _, m := range choiceColumns {
			fmt.Fprintf(&b, " %s |", metrics.Names[m])
		}
		b.WriteString(" FLOPS |")
	}
	b.WriteString("\n|---|---:|" + strings.Repeat("---:|", (len(choiceColumns)+1)*len(sets)) + "\n")
	for _, l := range lines {
		name, seeds := l.heading()
		fmt.Fprintf(&b, "| %s | %s |", name, seeds)
		for i := range sets {
			st := l.Choices[sets[i].Short]
			if g.Choice != nil && i == 0 {
				st = l.choice
			}
			if st == nil {
				text := "*missing*"
				if !sets[i].Has(l.results[0].Settings.Measure.Input) {
					text = "–" // the set has no queries of that kind
				}
				fmt.Fprintf(&b, " %s |%s", text, strings.Repeat(" |", len(choiceColumns)))
				continue
			}
			for _, m := range choiceColumns {
				fmt.Fprintf(&b, " %s |", st.Metrics[metrics.Keys[m]].text(3, l.Seeds))
			}
			if st.Cost != nil {
				fmt.Fprintf(&b, " %s |", st.Cost.FLOPS.text(2, l.Seeds))
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// heading returns the first cells of a table's row.
func (l *Line) heading() (name, seeds string) {
	name, seeds = strings.ReplaceAll(l.Label, "|", `\|`), strconv.Itoa(l.Seeds)
	if l.Preliminary {
		name += " (*preliminary*)"
	}
	if !l.Trained {
		seeds = "–"
	}
	return name, seeds
}

func (l *Line) markdown(short string) string {
	var b strings.Builder
	name, seeds := l.heading()
	fmt.Fprintf(&b, "| %s | %s |", name, seeds)
	st := l.Evaluations[short]
	for _, m := range columns {
		key := metrics.Keys[m]
		fmt.Fprintf(&b, " %s", st.Metrics[key].text(3, l.Seeds))
		if gain, ok := st.Gains[key]; ok && gain.P < .05 {
			b.WriteString(map[bool]string{true: " ▲", false: " ▼"}[gain.Mean > 0])
		}
		b.WriteString(" |")
	}
	if c := st.Cost; c != nil {
		fmt.Fprintf(&b, " %s | %s |", c.L0.text(1, l.Seeds), c.FLOPS.text(2, l.Seeds))
	} else {
		b.WriteString(" | |")
	}
	return b.String()
}

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// headlineText describes the headline's figures.
func (s *Summary) headlineText(g *Grid) string {
	h := s.Headline
	if h.Level == "" || len(h.Evaluations) == 0 {
		return "The regularised levels are not measured yet.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%s* against *%s*, mean of %d seed%s. It has the fewest FLOPS among the levels that lose at most %g %% of R@100 on %s, where they were %.2f times fewer at %.1f %%.\n\n| | FLOPS lower by | R@100 lost | nDCG@10 lost |\n|---|---:|---:|---:|\n",
		h.Level, h.Unregularised, s.Seeds, map[bool]string{true: "", false: "s"}[s.Seeds == 1], 100*mostLost, h.Choice, h.Chosen.FLOPSRatio, 100*h.Chosen.Recall100Drop)
	for _, e := range g.Evaluations {
		if c, ok := h.Evaluations[e.Short]; ok {
			fmt.Fprintf(&b, "| %s | %.2fx | %.1f %% | %.1f %% |\n", e.Name, c.FLOPSRatio, 100*c.Recall100Drop, 100*c.NDCG10Drop)
		}
	}
	if s.Seeds < enoughSeeds {
		b.WriteString("\n*Preliminary*: fewer than 3 seeds.\n")
	}
	return b.String()
}

// csvTable returns one line per row and evaluation, with means, standard deviations and
// the comparison with the baseline. Sets for choosing settings come last.
func csvTable(s *Summary) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := []string{"experiment", "row", "evaluation", "seeds", "preliminary"}
	for m := range metrics.Measures {
		head = append(head, metrics.Keys[m], metrics.Keys[m]+"_sd")
	}
	costs := []string{"query_l0", "flops", "postings", "search_ms"}
	for _, c := range costs {
		head = append(head, c, c+"_sd")
	}
	for _, m := range Packed {
		k := metrics.Keys[m]
		head = append(head, k+"_gain", k+"_low", k+"_high", k+"_p")
	}
	head = append(head, "auc", "dev_ndcg_cut_10", "dev_recall_100", "dev_l0", "training_seconds")
	w.Write(head)
	six := func(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }
	for i := range s.Rows {
		l := &s.Rows[i]
		for _, e := range slices.Concat(s.Evaluations, s.Choices) {
			st := cmp.Or(l.Evaluations[e.Short], l.Choices[e.Short])
			if st == nil {
				continue
			}
			row := []string{l.Experiment, l.Label, e.Name, strconv.Itoa(l.Seeds), strconv.FormatBool(l.Preliminary)}
			for m := range metrics.Measures {
				v := st.Metrics[metrics.Keys[m]]
				row = append(row, six(v.Mean), six(v.SD))
			}
			if c := st.Cost; c != nil {
				for _, v := range []Stat{c.L0, c.FLOPS, c.Postings, c.SearchMS} {
					row = append(row, six(v.Mean), six(v.SD))
				}
			} else {
				row = append(row, make([]string, 2*len(costs))...)
			}
			for _, m := range Packed {
				if gain, ok := st.Gains[metrics.Keys[m]]; ok {
					row = append(row, six(gain.Mean), six(gain.Low), six(gain.High), six(gain.P))
				} else {
					row = append(row, "", "", "", "")
				}
			}
			optional := func(st *Stat) string {
				if st == nil {
					return ""
				}
				return six(st.Mean)
			}
			row = append(row, optional(st.AUC))
			if l.Dev != nil {
				row = append(row, six(l.Dev.NDCG10.Mean), six(l.Dev.R100.Mean), six(l.Dev.L0.Mean))
			} else {
				row = append(row, "", "", "")
			}
			w.Write(append(row, optional(l.TrainingSeconds)))
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// A DataSet is a line of data.json, which describes the examples for training, those
// held out, and those that the evaluations ask.
type DataSet struct {
	Name string `json:"name"`
	Use  string `json:"use"` // train, dev or test
	importers.Stats
}

// WriteDataSets writes data.json in the folder dir.
func WriteDataSets(dir string, sets []DataSet) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "data.json"), sets)
}

// dataTable returns data.json as Markdown, or "" if it does not exist.
func dataTable(dir string) (string, error) {
	path := filepath.Join(dir, "data.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var sets []DataSet
	if err := json.Unmarshal(data, &sets); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var b strings.Builder
	b.WriteString("| | used for | conversations | turns | with a rewrite | turns a conversation | tokens of a question | of a rewrite | of question and history |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, d := range sets {
		rewrite := "–"
		if d.Rewritten > 0 {
			rewrite = fmt.Sprintf("%.1f", d.Rewrite)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.1f | %.1f | %s | %.1f |\n", d.Name, d.Use, thousands(d.Conversations), thousands(d.Turns), thousands(d.Rewritten), d.PerConv, d.Question, rewrite, d.Whole)
	}
	return b.String(), nil
}

var block = regexp.MustCompile(`(?s)(<!-- begin ([a-z0-9-]+) -->\n).*?(<!-- end -->)`)

// renew replaces the text between the markers of a file,
//
//	<!-- begin NAME -->
//	<!-- end -->
//
// where NAME is legend, headline, data, or an experiment. It does not change the rest.
// If there is no file, it does nothing.
func renew(path string, blocks map[string]string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var unknown string
	out := block.ReplaceAllFunc(text, func(found []byte) []byte {
		m := block.FindSubmatch(found)
		inside, ok := blocks[string(m[2])]
		if !ok {
			unknown = string(m[2])
		}
		return []byte(string(m[1]) + inside + string(m[3]))
	})
	if unknown != "" {
		return fmt.Errorf("%s: <!-- begin %s -->: there is no such experiment", path, unknown)
	}
	if bytes.Equal(out, text) {
		return nil
	}
	return durable.WriteFile(path, out)
}
