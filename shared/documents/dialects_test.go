package documents

import (
	"strings"
	"testing"
)

func TestFrontMatterIsReadAsItsGeneratorReadsIt(t *testing.T) {
	for src, want := range map[string][3]string{ // title, text, link
		"---\ntitle: >-\n  How to moor a\n  boat alone\ndescription: |\n  Step\n\n  by step\n---\n\nUse two lines.":                            {"How to moor a boat alone", "Use two lines."},
		"---\ntitle: Fuel\nhero:\n  title: Welcome\n  actions: [{title: More}]\n---\nDiesel.":                                                  {"Fuel", "Diesel."},
		"---\nhero:\n  title: Welcome\nlayout: home\n---\n# Fuel\n\nDiesel.":                                                                   {"Fuel", "Diesel."},
		"---\ntitle: Tides\n...\nHigh water.":                                                                                                  {"Tides", "High water."},
		"---  \ntitle: Tides\t\n--- \n\nHigh water.":                                                                                           {"Tides", "High water."},
		"\xef\xbb\xbf---\r\ntitle: 'It''s high'\r\n---\r\nHigh water.":                                                                         {"It's high", "High water."},
		"---\ntitle: \"A \\\"quoted\\\" name\" # a comment\n---\nText.":                                                                        {`A "quoted" name`, "Text."},
		"---\ntitle: 2024\nurl: https://harbour.example.org/x\n---\nText.":                                                                     {"2024", "Text.", "https://harbour.example.org/x"},
		"---\ntitle: Fuel: diesel and petrol\ntags:\n  - a\n---\nText.":                                                                        {"Fuel: diesel and petrol", "Text."},
		"---\ntitle: &t Fuel\nlinkTitle: *t\n---\nText.":                                                                                       {"Fuel", "Text."},
		"---\ntitle:\nlayout: page\n---\n# Fuel\n\nText.":                                                                                      {"Fuel", "Text."},
		"---\n# nothing is set\n---\n# Fuel\n\nText.":                                                                                          {"Fuel", "Text."},
		"---\nstatus: done\nrating: 5\n---\n# Fuel\n\nText.":                                                                                   {"Fuel", "Text."},
		"+++\ntitle = \"Fuel \\u2013 dock\"\ndate = 2024-01-02\n[params]\ntitle = 'no'\n+++\nText.":                                            {"Fuel – dock", "Text."},
		"+++\ntitle = '''\nFuel'''\ndescription = \"\"\"\nno\"\"\"\n+++\n\nText.":                                                              {"Fuel", "Text."},
		"---\nlayout: home\nhero:\n  name: Harbour\n  tagline: Forty berths.\nfeatures:\n  - title: Fuel\n    details: Diesel until six.\n---": {"a b", "Harbour\n\nForty berths.\n\nFuel\n\nDiesel until six."},
		"---\ntitle: Tides\n---":   {"Tides", ""},
		"---\ntitle: Tides\n---\n": {"Tides", ""},

		"---json\n{\"title\": \"Fuel\"}\n---\nText.":                                      {"Fuel", "Text."},
		"---yaml\ntitle: Fuel\n---\nText.":                                                {"Fuel", "Text."},
		"{\n  \"title\": \"Fuel\",\n  \"tags\": [\"a\"]\n}\n\nText.":                      {"Fuel", "Text."},
		"% Fuel\n% Ann; Bob\n% 2020\n\nText.":                                             {"Fuel", "Text."},
		"Title: Fuel\nAuthor: Ann\n    and Bob\nDate: 2020\n\nText.":                      {"Fuel", "Text."},
		"{ braces }\n\nText.":                                                             {"a b", "{ braces }\n\nText."},
		"{\n  \"name\": \"Fuel\"\n}\n\nText.":                                             {"a b", "{ \"name\": \"Fuel\" }\n\nText."},
		"Title: Fuel\nand more of this.\n\nText.":                                         {"a b", "Title: Fuel and more of this.\n\nText."},
		"% of all boats\nare red.\n\nText.":                                               {"a b", "% of all boats are red.\n\nText."},
		"---\n\nHigh water is at noon.\n\n---\n\nLow water is at six.":                    {"a b", "High water is at noon.\n\nLow water is at six."},
		"---\nNote: High water is at noon today.\n---\nLow water is at six.":              {"a b", "Note: High water is at noon today.\n\nLow water is at six."},
		"---\n\nNote: high\n\n---\n\nLow.":                                                {"a b", "Note: high\n\nLow."},
		"---\nHigh water.\n\nLow water.":                                                  {"a b", "High water.\n\nLow water."},
		"---\n- one\n- two\n---\nthree":                                                   {"a b", "one\ntwo\n\nthree"},
		"---\n---\nthree":                                                                 {"a b", "three"},
		"---\ntitle: Tides\n\nThis line was forgotten to be parted: yes: it was.\n---\nx": {"a b", "title: Tides\n\nThis line was forgotten to be parted: yes: it was.\n\nx"},
		"+++\nno toml at all\n+++\nx":                                                     {"a b", "+++ no toml at all +++ x"},
		"Text.\n\n---\ntitle: no\n---\nx":                                                 {"a b", "Text.\n\ntitle: no\n\nx"},
	} {
		d := read(t, "a-b.md", src, Options{})[0]
		if got := [3]string{d.Title, d.Text, d.URL}; got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", src, got, want)
		}
	}
}

// A parser that recurses gets nothing that is nested beyond reason.
func TestFrontMatterThatIsNestedDeeplyIsNotParsed(t *testing.T) {
	for _, nest := range []string{strings.Repeat("[", 100_000), strings.Repeat("- ", 50_000) + "x", strings.Repeat("{a: ", 20_000)} {
		docs := read(t, "a.md", "---\ntitle: x\nlist: "+nest+"\n---\nText.", Options{})
		if d := docs[0]; d.Title != "x" || d.Text != "Text." {
			t.Errorf("%q: %q", d.Title, d.Text[:min(len(d.Text), 50)])
		}
	}
}

func TestDialectsOfMarkdownLoseTheirMarksAndKeepTheirText(t *testing.T) {
	for name, c := range map[string]struct{ file, src, want string }{
		"MDX": {"a.mdx", "import Tabs from '@theme/Tabs';\nimport {\n  Card,\n} from './cards';\n\nexport const meta = {\n  title: 'no',\n\n  more: [1, 2],\n};\n\nIntro.\n\n<Tabs groupId=\"os\" values={[\n  {label: 'L', value: 'l'},\n]}>\n  <TabItem value=\"l\" label=\"Linux\">\n\n    Install **it**:\n\n    ```bash\n    apt install moor\n      --yes\n    ```\n\n  </TabItem>\n</Tabs>\n\n{/* a\ncomment */}\n\nA <Badge text=\"new\" /> rope{' '}\n<div className=\"x\" style={{color: 'red'}}>*inside*</div>\n\nSum: {1 + 1} and `{kept}` and $a_{1}$.\n\nexport default Layout",
			"Intro.\n\nLinux\n\nInstall it:\n\napt install moor\n  --yes\n\nA rope\n\ninside\n\nSum: and {kept} and $a_{1}$."},
		"no MDX": {"a.md", "Set import duties from abroad.\n\nimport prices rose; export prices fell\n\nexport default values with F12.\n\nUse {braces} and <b>tags</b>, Vec.",
			"Set import duties from abroad.\n\nimport prices rose; export prices fell\n\nexport default values with F12.\n\nUse {braces} and tags, Vec."},
		"Docusaurus": {"a.md", "# T {#custom-id}\n\n:::note\nText A.\n:::\n\n:::tip[Keep *calm*]\n\nText B.\n\n:::\n\n::::info Outer\n:::danger\nText C.\n:::\n::::\n\n```jsx title=\"x.js\"\nimport a from 'b';\n:::tip\n<Tabs/>\n```",
			"Text A.\n\nKeep calm\n\nText B.\n\nOuter\n\nText C.\n\nimport a from 'b';\n:::tip\n<Tabs/>"},
		"VitePress": {"a.md", "[[toc]]\n\n::: warning STOP\nDanger.\n:::\n\n::: details Click me\nHidden.\n:::\n\n::: code-group\n```sh [npm]\nnpm i\n```\n:::\n\n<Badge type=\"tip\" text=\"beta\" /> x",
			"STOP\n\nDanger.\n\nClick me\n\nHidden.\n\nnpm i\n\nx"},
		"Starlight": {"a.mdx", "---\ntitle: T\n---\nimport { Aside, Card } from '@astrojs/starlight/components';\n\n<Aside type=\"caution\" title=\"Watch out\">\nPetrol is gone at *eight*.\n</Aside>\n\n<CardGrid>\n\t<Card title=\"Berths\" icon=\"star\">\n\t\tForty of them.\n\t</Card>\n\t<LinkCard title=\"Fees\" href=\"/fees\" description=\"What it costs.\" />\n</CardGrid>\n\n<Steps>\n1. One\n2. Two\n</Steps>",
			"Watch out\n\nPetrol is gone at eight.\n\nBerths\n\nForty of them.\n\nFees\n\nWhat it costs.\n\nOne\nTwo"},
		"MkDocs Material": {"a.md", "!!! note \"Keep off\"\n\n    The quay is *wet*.\n\n    ```yaml\n    a:\n      b: 1\n    ```\n\n??? question\n    Who?\n\n=== \"Summer\"\n\n    Until ten.\n\n=== \"Winter\"\n\n    Until six.\n\nAfter.\n{ .annotate }\n\n[Button](x.md){ .md-button } :material-check:{ .lg } yes\n\n    code\n      kept",
			"Keep off\n\nThe quay is wet.\n\na:\n  b: 1\n\nWho?\n\nSummer\n\nUntil ten.\n\nWinter\n\nUntil six.\n\nAfter.\n\nButton yes\n\ncode\n  kept"},
		"definitions": {"a.md", "Bow\n:   The front.\n\n    Where the *anchor* is.\n\nStern\n: The back\n\n:   !!! note\n\n        It has the rudder.\n\n:smile: at 10:30",
			"Bow\n\nThe front.\n\nWhere the anchor is.\n\nStern\n\nThe back\n\nIt has the rudder.\n\n:smile: at 10:30"},
		"Hugo": {"a.md", "{{< toc >}}\n\n{{% alert title=\"Mind\" color=\"warning\" %}}\nThe **gap**.\n{{% /alert %}}\n\nSee [fees]({{< ref \"fees.md\" >}}) and {{< icon \"anchor\" >}}more.\n\n{{< highlight go \"linenos=table\" >}}\nfunc a() {\n\tb()\n}\n{{< /highlight >}}\n\n{{< tabpane >}}\n{{< tab \"Linux\" >}}\napt\n{{< /tab >}}\n{{< /tabpane >}}\n\n`{{< kept >}}` {{/* no */}}\n\n{{< figure src=\"a.png\" caption=\"The quay\" >}}",
			"Mind\n\nThe gap.\n\nSee fees and more.\n\nfunc a() {\n\tb()\n}\n\nLinux\n\napt\n\n{{< kept >}}\n\nThe quay"},
		"Jekyll": {"a.md", "* TOC\n{:toc}\n\n{% include nav.html %}\n\n{: .note }\nWatch [this]({{ site.baseurl }}/x){: .btn }.\n\n{% highlight ruby linenos %}\ndef a\n  b\nend\n{% endhighlight %}\n\n## Kept {#k .cls}\n{: .no_toc }\n\n{% raw %}Text{% endraw %}",
			"Watch this.\n\ndef a\n  b\nend\n\nKept\n\nText"},
		"Obsidian": {"a.md", "Ask [[people/Kim|Kim]] or [[Anna]], see [[Fees#Night]]. ![[map.png]] ![[Rules]]\n\n%% private %%Open %%secret%%text.\n\n%%\nhidden\n\nlines %%\n\n> [!warning]- Be careful\n> Ice.\n\n> [!tip]\n> Salt.\n\n==Marked== words. ^a1b2c3\n\n| a | b |\n|---|---|\n| [[x\\|y]] | 2 |\n\n```\n[[kept]] %% kept %%\n```\n\n`[[kept]]` and 5 %% of it",
			"Ask Kim or Anna, see Fees > Night. Rules\n\nOpen text.\n\nBe careful\n\nIce.\n\nSalt.\n\nMarked words.\n\na, b\ny, 2\n\n[[kept]] %% kept %%\n\n[[kept]] and 5 %% of it"},
		"GitHub": {"a.md", "## Contents\n\n- [Ropes](#ropes)\n  - [Knots](#knots)\n- [Fuel](#fuel)\n\n## Ropes\n\n> [!NOTE]\n> Dry them.[^1]\n\n- [x] done\n- [ ] open\n\n[^1]: In the *shade*.\n\n    Not in the sun.\n\n<details>\n<summary>More</summary>\n\nText **here**.\n\n</details>\n\n<!-- no\n\n```\n-->\n\n<table>\n<tr><td>a</td><td>b</td></tr>\n\n<tr><td>c</td><td>d</td></tr>\n</table>",
			"Ropes\n\nDry them.\n\ndone\nopen\n\nIn the shade.\n\nNot in the sun.\n\nMore\n\nText here.\n\na, b\n\nc, d"},
		"MyST": {"a.md", "```{toctree}\n:maxdepth: 2\n\nguide\n```\n\n```{admonition} Mind\n:class: tip\nThe *gap*.\n```\n\n:::{note}\n:class: x\nWet.\n:::\n\n```{code-block} python\nif a:\n    b\n```",
			"Mind\n\nThe gap.\n\nWet.\n\nif a:\n    b"},
		"mathematics": {"a.md", "The area is $a_1*b_1*c$ and $$\\frac{a}{b}$$ for $5 or $10.\n\n$$\nE = m*c^2\\\\\nx_1 = y_1\n$$\n\nEnd.",
			"The area is $a_1*b_1*c$ and $$\\frac{a}{b}$$ for $5 or $10.\n\nE = m*c^2\\\\\nx_1 = y_1\n\nEnd."},
		"code": {"a.md", "1. Step\n\n   ```yaml\n   a:\n     - b\n\n     - c\n   ```\n\n2. Next\n\n\tmake all\n\t\tindented\n\n> ```\n> x\n>   y\n> ```\n>\n> [[z]]\n\n~~~\nif [[ -f x ]]; then\n~~~",
			"Step\n\na:\n  - b\n\n  - c\n\nNext\n\nmake all indented\n\nx\n  y\n\nz\n\nif [[ -f x ]]; then"},
		"Material's cards": {"a.md", "<div class=\"grid cards\" markdown>\n\n-   :material-anchor:{ .lg .middle } __Berths__\n\n    ---\n\n    Forty of them.\n\n    [:octicons-arrow-right-24: More](x.md)\n\n</div>\n\nPress ++ctrl+alt+c++ or ++\"Q\"++, not a++b++c.\n\n*[NM]: nautical mile\nOne NM.\n\n--8<-- \"fees.md\"\n\n--8<--\na.md\nb.md\n--8<--\n\nEnd.",
			"Berths\n\nForty of them.\n\nMore\n\nPress ctrl+alt+c or Q, not a++b++c.\n\nNM: nautical mile\n\nOne NM.\n\nEnd."},
		"Liquid": {"a.md", "{% comment %} no {% endcomment %}\n\n{%- comment -%}\nno\n\n```\nno\n```\n{%- endcomment -%}\n\nA{% comment %}no{% endcomment %} rope. {% raw %}Write {{ this }}.{% endraw %}\n\n{% include note.html content=\"Mind the gap.\" %}\n\n{% for b in boats %}{{ b.name }}{% endfor %}\n\n{::nomarkdown}<b>Bold</b>{:/} {::comment}no{:/comment}end.",
			"A rope. Write {{ this }}.\n\nMind the gap.\n\nBold end."},
		"shortcodes": {"a.md", "A {{< glossary_tooltip text=\"berth\" term_id=\"b\" >}} costs {{< param \"fee\" >}} euros.\n\n{{< tab name=\"Winter\" >}}\nShut.\n{{< /tab >}}\n\n{{< comment >}}\nno\n{{< /comment >}}\n\n{{<details \"Old fees\">}}Two euros.{{</details>}}\n\n{{< figure src=\"a.png\" title=\"The quay\" caption=\"From the sea\" >}}",
			"A berth costs euros.\n\nWinter\n\nShut.\n\nOld fees\n\nTwo euros.\n\nThe quay\n\nFrom the sea"},
		"VitePress' code and styles": {"a.md", "<script setup>\nimport { ref } from 'vue'\n\nconst n = ref(0)\n</script>\n\n# T\n\n<style>\n.a { b: c }\n</style> Text.\n\n<<< @/a.js{2}\n\nEnd.",
			"Text.\n\nEnd."},
		"rows with more cells than columns": {"a.md", "| a | b |\n|---|---|\n| `x|y` | z |\n| one | two | three |\n| `p` | q \\| r |\n\na | b\n--|--\n1 | 2 | 3",
			"a, b\nx|y, z\none, two | three\np, q | r\n\na, b\n1, 2 | 3"},
		"raised figures": {"a.md", "10^3^ m^2^ and the 2^nd^, 2^10 and 3^2 boats. ^rule-one\n\n![The quay|300x200](q.png)", "10^3 m2 and the 2nd, 2^10 and 3^2 boats.\n\nThe quay"},
	} {
		docs, _ := Read(c.file, []byte(c.src), Options{})
		if d := docs[0]; d.Text != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, d.Text, c.want)
		}
	}
}

func TestTagsThatHaveNoRoomForAName(t *testing.T) {
	for src, want := range map[string]string{
		"a {%} b": "a {%} b", "a {{%}} b": "a {{%}} b", "a {{<}} b": "a {{<}} b", "a {%%} b": "a b", "a {{<>}} b": "a b", "a {{%%}} b": "a b", "a {::} b": "a b", "a {:/} b": "a b",
	} {
		if docs, _ := Read("a.md", []byte(src), Options{}); len(docs) != 1 || docs[0].Text != want {
			t.Errorf("%q: %+v", src, docs)
		}
	}
}

// Text that a generator puts into a page from elsewhere is told to be absent.
func TestWhatOnlyTheGeneratorKnowsIsNoted(t *testing.T) {
	for src, want := range map[string]string{
		"It costs {{< param \"fee\" >}} euros.":                                `{{< param \"fee\" >}}`,
		"{% include fees.html %}\n\n# {{ page.title }}\n\nText.":               `{% include fees.html %}`,
		"import Fees from './fees.mdx'\n\nText.\n\n<Fees />":                   `<Fees />`,
		"import a from 'a'\n\nIt costs {a.fee} euros.":                         `{a.fee}`,
		"--8<-- \"fees.md\"\n\nText.":                                          `--8<-- \"fees.md\"`,
		"<!--@include: ./fees.md-->\n\nText.":                                  `@include: ./fees.md`,
		"Text {{< icon \"a\" >}} [x]({{< ref \"y\" >}}).\n\n{{< youtube 1 >}}": "",
		"{{< cards >}}\nText.\n{{< /cards >}}":                                 "",
		"[a]({{ site.baseurl }}/b) {/* c */} {% if a %}Text.{% endif %}":       "",
		"import a from 'a'\n\nText.\n\n<Video src=\"a\"/> <>{' '}</>":          "",
		"```\n{% include x %} {{< y >}}\n```":                                  "",
	} {
		_, notes := Read("a.md", []byte(src), Options{})
		switch {
		case want == "" && len(notes) > 0:
			t.Errorf("%q: %v", src, notes)
		case want != "" && (len(notes) != 1 || !notes[0].Kept || !strings.Contains(notes[0].Why, "in place of \""+want+"\"")):
			t.Errorf("%q: %v, wanted %s", src, notes, want)
		}
	}
}

func TestHeadingsHaveTheAnchorsThatTheirAuthorsGave(t *testing.T) {
	d := read(t, "a.md", "# T\n\nx\n\n## One {#first}\n\n## Two {: #second .cls}\n\n## Three {/* #third */}\n\n## A set {a, b}\n\n## Five {.cls}\n\n## Six { #six data-toc-label=\"The sixth one\" }", Options{})[0]
	var got []string
	for _, h := range d.Headings {
		got = append(got, d.Text[h.Start:h.End]+"#"+h.Anchor)
	}
	same(t, got, []string{"One#first", "Two#second", "Three#third", "A set {a, b}#", "Five#", "Six#six"})
}

// FuzzFrontMatter: whatever stands there, what is not front matter stays.
func FuzzFrontMatter(f *testing.F) {
	for _, seed := range []string{"---\ntitle: &a x\nb: *a\n...\ny", "+++\ntitle = '''x'''\n[a]\nb = [1, {c = 2}]\n+++\n", "---\nfuel: a: b\ntitle: >-\n x\n---", "---\n- {a: [b]}\n? c\n: d\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		_, body := frontMatter(src)
		if !strings.HasSuffix(src, body) {
			t.Fatalf("%q is no end of %q", body, src)
		}
	})
}

// FuzzUndress: nothing makes it hang or write more than a few times what it read.
func FuzzUndress(f *testing.F) {
	for _, seed := range []string{
		"import a from 'b'\n\n<A b={c} title=\"d\">\n  e\n</A>\n{f}{/* g */}", ":::tip[a]\n```{note} b\n:c: d\n```\n:::", "!!! a \"b\"\n    c\n\nd\n:   e\n\n    f",
		"{{< tab \"a\" >}}{% highlight b %}\nc\n{% endhighlight %}\n{: d}", "%% a\nb %%\n> [!note] c\n==d== ^e1f2a3\n[^1]: g\n$$\nh\n$$\n$i$ `j`", "* TOC\n{:toc}\n<!-- a\n-->b\n- {k}[l](m){.n}",
		"{%} {{%}} {{<}}", "{% raw %}{{ a }}{% endraw %}{% comment %}b{% endcomment %}{::c}d{:/}", "|a|b|\n|-|-|\n|`c|d`|e|f|\n*[g]: h\n--8<-- i\n10^3^ ++j++",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, src string, mdx bool) {
		if got, _ := undress(src, mdx); len(got) > 5*len(src)+100 {
			t.Fatalf("%d bytes of %d", len(got), len(src))
		}
	})
}
