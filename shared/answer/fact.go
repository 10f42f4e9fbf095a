package answer

import (
	"strings"
	"sync"

	"parley/shared/message"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// The World Factbook's passages tell the same facts of every country in the same words: "The capital of
// Chad is N'Djamena." So to an encoder they are nearly alike, and after "what is the capital of Chad?" its
// neighbours are as near as Chad for "and the population?". Where a question consists of nothing but such a
// fact and a country, a rule (rule.go) prefers the passage of that country that tells it. And where it
// consists of one of the two, and the question before it has the other, it is read as "the population of
// Chad". The page says so, as it does of a misspelt word.

// A fact is what people ask about a country.
type fact struct {
	name  string // as a question is completed with it
	tells string // what the sentence has that tells it; of several, between bars, the first that a country's passages have
	asks  string // phrases that ask for it, the words of each with single blanks
	// anything says that it is also asked about what is no country: after a question about a palace in France,
	// "where is that?" asks about the palace.
	anything bool
}

var facts = [...]fact{
	{"the capital of", "The capital of ", "capital city|capital|seat of government", false},
	{"the government of", "The government of ", "government|political system|monarchy or republic|republic or monarchy|monarchy|republic|governed", true},
	{"the independence of", " became independent ", "independent|independence|independance", false},
	{"the provinces of", " divided into ", "provinces|states|regions|districts|divided up|divided into|administrative divisions", true},
	{"the time zone of", "The time zone of ", "time zone|timezone", true},
	{"the voting age in", " can vote from ", "can vote|voting age|old to vote|can you vote|can people vote|can they vote|allowed to vote", false},
	{"the head of state of", ", head of state", "head of state|king|queen|king or queen|monarch|ruler|rules|reigns|emir|sultan|emperor|in charge|leader|leaders|in power|runs|governs", false},
	{"the head of government of", ", head of government|, head of state and ", "head of government|prime minister|pm|premier|chancellor|leads the government", false},
	{"the president of", "The president of ", "president", false},
	{"the population of", "The population of ", "population|inhabitants|how many people|number of people|how many live|populous|residents|how many residents", true},
	{"life expectancy in", "Life expectancy in ", "life expectancy|how long do people live|how old do people get|how long do they live|how old do they get|how long people live", false},
	{"the median age in", "The median age of ", "median age|average age|how old are people|how old are they|how old is the average person", true},
	{"the birth rate of", "The birth rate of ", "birth rate|birthrate|births", false},
	{"the fertility rate of", "The fertility rate of ", "fertility rate|fertility|how many children|how many kids", false},
	{"infant mortality in", "Infant mortality in ", "infant mortality", false},
	{"the literacy rate of", "The literacy rate of ", "literacy rate|literacy|can read|read and write|literate|can everyone read|can people read", false},
	{"the urban population of", " is urban, ", "urban|urbanised|urbanized|live in cities|live in towns|urban population|percentage of urban population", false},
	{"the largest cities of", "The largest cities of |The largest city of ", "largest cities|biggest cities|largest city|biggest city|main cities|major cities|big cities|main city|important cities|cities|main towns|biggest towns|largest towns|big towns", true},
	{"the languages spoken in", "The languages spoken in ", "official language|official languages|language|languages|speak|spoken|mother tongue|tongue", false},
	{"the religion of", "The religion of ", "religion|religions|religious|faith|faiths|believe in|worship|christian or muslim|muslim or christian", false},
	{"the ethnic groups of", "The ethnic groups of ", "ethnic groups|ethnic makeup|ethnic group|ethnicity|ethnicities|ethnic|peoples", false},
	{"the nationality of", "People from ", "someone from|somebody from|a person from|people called|inhabitants called|citizens called|locals called|demonym|they called|nationality|called", true},
	{"the area of", "How big or large ", "how big|how large|area|land area|total area|size|square km|square kilometres|square kilometers|square miles", true},
	{"the neighbors of", " neighbor", "neighbours|neighbors|neighbouring countries|neighboring countries|neighbour|neighbor|border|borders|bordering|bordered|next to|adjoin|surround|lie around|around it", true},
	{"the highest point of", "The highest point of ", "highest point|highest mountain|highest peak|tallest mountain|tallest peak|highest place|highest spot", true},
	{"the lowest point of", " lowest point of ", "lowest point|lowest place|lowest spot", true},
	{"the coastline of", "The coastline of | without a coast", "coastline|coast|coasts|landlocked|shoreline|touch the sea|seaside", true},
	{"the longest rivers of", "The longest river", "longest river|longest rivers|rivers|river|main river|main rivers|biggest river", true},
	{"the largest lakes of", " largest lake", "largest lake|largest lakes|lakes|biggest lake", true},
	{"the location of", " in this part of the world: ", "where|part of the world|location|located|which continent|what continent|continent", true},
	{"the climate of", "The climate of ", "climate|weather|how hot|how cold|how warm|hot|cold|rainy|temperature|freezing|humid|snow|rain", true},
	{"the natural hazards of", "hazards in ", "natural hazards|hazards|natural disasters|natural disaster|disasters|hurricanes|cyclones|earthquakes|tornadoes|volcanoes", false},
	{"the natural resources of", "The natural resources of ", "natural resources|resources|mined|mine|minerals|raw materials", false},
	{"the GDP of", "The GDP ", "gdp|gdp per capita|gross domestic product|economy|economic output|how rich|rich|wealthy|how wealthy", false},
	{"the public debt of", "public debt", "public debt|government debt|national debt|debt", false},
	{"unemployment in", "The rate of unemployment ", "unemployment rate|unemployment|jobless rate|jobless|unemployed|out of work", false},
	{"inflation in", "The rate of inflation ", "inflation rate|rate of inflation|inflation", false},
	{"poverty in", " live below the poverty line", "poverty rate|poverty|poverty line|poor", false},
	{"the currency of", "The currency of ", "currency|currencies|money|pay with|pay in|coins|cash|legal tender", false},
	{"the exports of", "The main exports of ", "main exports|exports|export|sell abroad|sell to other countries|imports|import|main imports", false},
	{"the industries of", "The main industries of ", "main industries|industries|industry", false},
	{"the farm products of", "The main farm products of ", "farm products|agriculture|agricultural products|crops|main crops|farmers grow|farmers|grow|grown|farming|farm", false},
	{"the flag of", "The flag of ", "flag|flags", false},
	{"the national anthem of", "The national anthem of ", "national anthem|anthem|national song|national hymn", false},
	{"the national holiday of", "The national holiday of ", "national holiday|national day|independence day|national holidays", false},
	{"the national symbol of", "The national symbol", "national symbol|national symbols|national animal|national bird|national flower|coat of arms", false},
}

const (
	// asides are words of a question that say nothing of the fact or the country that it asks for.
	asides = " what whats which who whos where when how hows is are was were am be do does did has have had can could would will should here there the a an of in for to on at by from with as or but s re d it its they their them that this these those and also any other one ones same such now then so today current currently present nowadays right still actually exactly really about around roughly total" +
		" country countries nation state city place people person folks name live lives living official main national big high large long look looks kind type form sort much many most number percentage percent amount bit km miles per year years days over into up down go get got use used uses using gain gained become became share shares" +
		" tell me you give please pls know find out describe wondering i want see say mean meant just well too sorry ok okay oh hey hi hello thanks thank great again though rather n abt vs versus compare compared compares contrast worse better like doing going anywhere winter summer "
	// refers are words by which a question asks about what was spoken of; "what is the inflation?" does, and
	// "what is inflation?" does not.
	refers = " the its it their they them there that this "
	itself = " it its their they them "
	// somebody are words with which a question is about a person.
	somebody = " he she his her him hers i we our my your "
	// whole are words with which a question is about a country as a whole: "tell me about Kenya's history".
	whole = " history geography culture cuisine food facts tourism travel visit economy politics "
	// earlier are words with which a question is not about those who hold an office today.
	earlier = " was were did had first last "
)

const (
	most   = 16 // words of the longest question that is read as one for a fact
	short  = 7  // the same of one that names a country and means "the same of that"
	beside = 2  // other words that a question may have which refers to a country
)

// A factAsked is what a question asks for, as far as facts about countries go.
type factAsked struct {
	*fact          // nil: for no fact
	country string // "": it names no country, or several
	words   string // all of them, in small letters, each between blanks
	left    string // the same without those that say what it asks for
	rest    int    // the number of its words that are neither asides nor say what it asks for
	other   bool   // one of these says that it is about something else, which may be in the country
}

// asksFact returns what a question asks for.
func asksFact(question string) (a factAsked) {
	if len(question) > longest {
		return a
	}
	words := split(strings.ToLower(question))
	if len(words) == 0 || len(words) > most || personal(words) {
		return a
	}
	a.words = " " + strings.Join(words, " ") + " "
	text := a.words
	if strings.Contains(question, "US") || strings.Contains(text, " the us ") {
		text = cut(text, "us", "usa") // and not "tell us"
	} else {
		text = cut(text, "us", done)
	}
	several := false
	if a.country, several, text = cutCountry(text); several {
		a.rest, a.other = 1, true
	}
	var best factPhrase
	for w := range strings.FieldsSeq(text) {
		for _, p := range factPhrases()[w] {
			if (a.fact == nil || p.before(best)) && hasPhrase(text, p.asks) {
				a.fact, best = &facts[p.of], p
			}
		}
	}
	if a.fact != nil { // "what language do the people speak?" asks twice
		text = cut(text, best.asks, done)
		for asks := range strings.SplitSeq(a.asks, "|") {
			text = cut(text, asks, done)
		}
	}
	a.left = text
	for w := range strings.FieldsSeq(text) {
		if w != done && !in(asides, w) {
			a.rest++
			a.other = a.other || !in(whole, w)
		}
	}
	if a.fact != nil && a.isOffice() {
		switch {
		case hasAny(words, earlier):
			a.fact = nil
		case a.country == "" && a.rest == 1 && hasPhrase(text, "england"):
			a.country, a.rest = "United Kingdom", 0
		}
	}
	return a
}

// personal reports whether a question is about who asks or is asked. The "I" of "World War I" is a number.
func personal(words []string) bool {
	for i, w := range words {
		if in(somebody, w) && !numeral(words, i) {
			return true
		}
	}
	return false
}

// numeral reports whether word i is the number "I" of a war, a ruler or a pope.
func numeral(words []string, i int) bool {
	return words[i] == "i" && i > 0 && (words[i-1] == "war" || in(numbered, words[i-1]))
}

// isOffice reports whether the fact is who holds an office.
func (f *fact) isOffice() bool {
	return f.tells == "The president of " || strings.HasPrefix(f.tells, ", head of ")
}

// done stands for words that were understood.
const done = "|"

// cut returns text, whose words are between blanks, with done or another word in place of a phrase.
func cut(text, phrase, by string) string {
	for {
		i := phraseAt(text, phrase)
		if i < 0 {
			return text
		}
		text = text[:i] + by + text[i+len(phrase):]
	}
}

// phraseAt returns where a phrase begins among words between blanks, -1 if it is not there.
func phraseAt(text, phrase string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return -1
		}
		i += from
		if text[i-1] == ' ' && text[i+len(phrase)] == ' ' {
			return i
		}
		from = i + 1
	}
}

func hasPhrase(text, phrase string) bool { return phraseAt(text, phrase) >= 0 }

// A factPhrase is a phrase of a fact.
type factPhrase struct {
	asks  string
	of    int // in facts
	words int // 0 where any other phrase says more: "how many people are unemployed"
}

// before reports whether p says more of what is asked for than q.
func (p factPhrase) before(q factPhrase) bool {
	return p.words > q.words || p.words == q.words && p.of < q.of
}

// factPhrases returns the phrases of all facts by their first words.
var factPhrases = sync.OnceValue(func() map[string][]factPhrase {
	all := map[string][]factPhrase{}
	for i := range facts {
		for asks := range strings.SplitSeq(facts[i].asks, "|") {
			words := strings.Fields(asks)
			p := factPhrase{asks, i, len(words)}
			if strings.HasPrefix(asks, "how many ") || strings.HasPrefix(asks, "number of ") {
				p.words = 0
			}
			all[words[0]] = append(all[words[0]], p)
		}
	}
	return all
})

// sure reports whether the question asks for a fact about a country, and for nothing else.
func (a *factAsked) sure() bool { return a.fact != nil && a.country != "" && a.rest == 0 }

// has reports whether one of the words is in the list.
func (a *factAsked) has(list string) bool { return hasAny(strings.Fields(a.words), list) }

// askings are words that ask for something of a subject, beside those of facts about countries.
const askings = " old far away tall deep heavy hot cold fast long big high large where start started begin began beginning end ended fall fell die died dead born built build happen happened founded made work works weigh weight height length depth distance speed age date "

// pointing are words of a question that is about what was spoken of, and names nothing itself.
const pointing = " it its they their them those these this there "

// subject returns what a question asks something of, as bareName has it: "how old is the universe?"; "" where
// it asks who, or for nothing that is known. "How long is the Amazon river?" asks for no fact about rivers, so
// where it asks for one, or is that the name too.
func (a *factAsked) subject() (name, or string) {
	words := strings.Fields(a.words)
	if a.country != "" || len(words) == 0 || in(" who whose ", words[0]) || hasAny(words, pointing+"that ") || a.fact != nil && a.isOffice() {
		return "", ""
	}
	left := func(words []string) string {
		var name []string
		for i, w := range words {
			if numeral(words, i) || w != done && !in(asides, w) && !in(askings, w) {
				name = append(name, w)
			}
		}
		return bareName(name)
	}
	if hasAny(words, askings) {
		name = left(words)
	}
	if a.fact != nil {
		or = left(strings.Fields(a.left))
	}
	return name, or
}

// happenings are more such words, where what is left is a title; those of facts are asked of cities, too.
const happenings = " population area size won win wins lost lose loses fought fight fights last lasted lasts cause caused causes called known mean means important significant happening "

// whoDid are those of happenings with which "who" asks of an event, and not for its maker.
const whoDid = " won win wins lost lose loses fought fight fights "

// completed returns what the last question of turns asks for, where it leaves the fact or the country to the
// questions before it: "the population of Chad"; "" where it does not. These have been read so, too.
func completed(turns []message.Turn) string {
	if len(turns) < 2 {
		return ""
	}
	question, before := turns[len(turns)-1].Question, turns[len(turns)-2]
	a := asksFact(question)
	if (a.fact == nil) == (a.country == "") {
		return ""
	}
	last := asksFact(before.Question)
	if a.fact == nil { // "and Chile?"
		if a.rest > 0 || strings.Count(a.words, " ") > short+1 || last.fact == nil || last.country == "" || last.country == a.country {
			return ""
		}
		return last.name + " " + withArticle(a.country)
	}
	theCountry := hasPhrase(a.words, "the country") || hasPhrase(a.words, "that country")
	if a.rest > beside || a.rest > 0 && !theCountry && !hasPhrase(a.words, "there") || asksWhatIs(question, false) != "" && !a.has(refers) {
		return ""
	}
	country, subject := last.country, theCountry || !last.other
	if is := countryOf(before.Title); is != "" && (country == "" || country == is) {
		country, subject = is, true
	}
	if theCountry && country == "" && len(turns) > 2 {
		country = asksFact(turns[len(turns)-3].Question).country
	}
	// "Tell me about Toyota of Japan." "Who is its leader?"
	if country == "" || !subject && (a.anything || a.has(itself)) {
		return ""
	}
	return a.name + " " + withArticle(country)
}

// fits returns, for each of the passages, 1 where it tells the fact of the country and -1 where not, or nil
// where none does.
func (a *factAsked) fits(list []passages.Passage) []float32 {
	for tells := range strings.SplitSeq(a.tells, "|") {
		says := make([]float32, len(list))
		found := false
		for i, p := range list {
			says[i] = -1
			if strings.Contains(p.Title, ":") && countryOf(p.Title) == a.country && strings.Contains(p.Text, tells) {
				says[i], found = 1, true
			}
		}
		if found {
			return says
		}
	}
	return nil
}

// told reports whether one of the text's sentences, span, tells the fact.
func (a *factAsked) told(text string, span sentence.Span) bool {
	if a.fact == nil {
		return false
	}
	for tells := range strings.SplitSeq(a.tells, "|") {
		if strings.Contains(text, tells) {
			return strings.Contains(text[span.Start:span.End], tells)
		}
	}
	return false
}
