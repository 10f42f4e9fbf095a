package conversations

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"parley/shared/judged"
	"parley/shared/passages"
	"parley/shared/sentence"
)

// Facts and FactsHeldOut are splits that are made by a program, not written: conversations
// that ask for facts about countries, which the World Factbook's passages answer. Facts is
// to train on; FactsHeldOut asks about other countries, to measure on.
const (
	Facts        = "facts"
	FactsHeldOut = "facts-held-out"
)

// A fact is a sentence that the Factbook's passages have for most countries, and the ways
// to ask for it; {} stands for the country.
type fact struct {
	passage string   // the end of the passage's id
	has     string   // what the sentence that answers contains
	alone   []string // understandable alone; the first is the rewrite
	then    []string // after another question about the country
}

var facts = []fact{
	{"government", "The capital of ", []string{"What is the capital of {}?", "capital of {}", "{} capital", "whats the capital city of {}", "which city is the capital of {}", "capital city {}"}, []string{"and its capital?", "what's the capital?", "capital?", "which city is the capital there", "what is the capital city"}},
	{"government", "The government of ", []string{"What kind of government does {} have?", "form of government in {}", "is {} a monarchy or a republic", "how is {} governed"}, []string{"what kind of government do they have", "and the form of government?", "is it a republic?"}},
	{"government", " became independent ", []string{"When did {} become independent?", "independence of {}", "since when is {} independent", "when was {} founded as a state"}, []string{"when did it become independent", "independent since when?"}},
	{"government", "The time zone of ", []string{"What is the time zone of {}?", "time zone {}", "what time zone are they in in {}"}, []string{"and the time zone?", "which time zone is that"}},
	{"leaders", "The president of ", []string{"Who is the president of {}?", "president of {}", "who rules {}", "who is president in {} now"}, []string{"who is the president?", "and who rules there", "and the president?"}},
	{"leaders", "The prime minister of ", []string{"Who is the prime minister of {}?", "prime minister of {}", "pm of {}", "who leads the government of {}"}, []string{"who is the prime minister", "and the prime minister?"}},
	{"leaders", "The head of state of ", []string{"Who is the head of state of {}?", "head of state of {}", "who is in charge of {}"}, []string{"who is the head of state", "and who is in charge there"}},
	{"population", "The population of ", []string{"How many people live in {}?", "population of {}", "{} population", "how many inhabitants does {} have", "number of people in {}", "how big is the population of {}", "what's the population of {}"}, []string{"how many people live there?", "and its population?", "population?", "how many inhabitants does it have", "how many people"}},
	{"population", "Life expectancy in ", []string{"What is the life expectancy in {}?", "life expectancy in {}", "how long do people live in {}", "how old do people get in {}"}, []string{"and life expectancy?", "how old do people get there"}},
	{"population", "The median age of ", []string{"What is the median age in {}?", "average age in {}", "how old are people in {} on average"}, []string{"how old are they on average"}},
	{"cities", "The largest cit", []string{"What are the largest cities of {}?", "biggest city in {}", "big cities in {}", "largest city of {}", "what are the main cities in {}"}, []string{"and its biggest city?", "largest cities there", "what other big cities are there", "main cities?"}},
	{"people", "The languages spoken in ", []string{"What languages are spoken in {}?", "what language do they speak in {}", "languages of {}", "official language of {}", "what do people speak in {}", "language in {}"}, []string{"what language do they speak there?", "and the language?", "languages?", "which language is spoken", "what do they speak"}},
	{"people", "The religion of ", []string{"What religion do the people of {} have?", "religion in {}", "are people in {} christian or muslim", "what do people believe in in {}", "main religion {}"}, []string{"and their religion?", "which religion do they have", "religion?"}},
	{"people", "The ethnic groups of ", []string{"What ethnic groups live in {}?", "ethnic groups in {}", "which peoples live in {}"}, []string{"which ethnic groups live there", "and ethnic groups?"}},
	{"people", "People from ", []string{"What are people from {} called?", "what do you call someone from {}", "demonym of {}"}, []string{"what are the people called", "what do you call someone from there"}},
	{"land", "How big or large ", []string{"How big is {}?", "area of {}", "size of {}", "how large is {} in square km", "{} area", "how big is {} compared to other countries"}, []string{"how big is it?", "and its area?", "how large is that country", "size?"}},
	{"land", " neighbor", []string{"Which countries border {}?", "neighbours of {}", "what countries are next to {}", "borders of {}"}, []string{"and its neighbours?", "which countries does it border", "who are its neighbors"}},
	{"land", "The highest point of ", []string{"What is the highest point of {}?", "highest point of {}", "highest mountain in {}"}, []string{"and the highest point?", "highest mountain there"}},
	{"land", "The coastline of ", []string{"How long is the coast of {}?", "coastline of {}", "length of the coast of {}"}, []string{"how long is its coast", "and the coastline?"}},
	{"land", "The longest river", []string{"What are the longest rivers of {}?", "longest river in {}", "rivers of {}", "which rivers are in {}"}, []string{"and the longest river?", "which rivers are there"}},
	{"land", " in this part of the world", []string{"Where does {} lie?", "where is {}", "which continent is {} on", "location of {}"}, []string{"where is that?", "and where does it lie"}},
	{"climate", "The climate of ", []string{"What is the climate of {} like?", "climate of {}", "weather in {}", "is it hot in {}", "how is the weather in {}"}, []string{"what's the climate like?", "and the weather there?", "is it hot there"}},
	{"climate", "The natural resources of ", []string{"What natural resources does {} have?", "natural resources of {}", "resources in {}", "what is mined in {}"}, []string{"which resources does it have", "and natural resources?"}},
	{"economy", "The GDP ", []string{"What is the GDP of {}?", "gdp of {}", "how rich is {}", "how big is the economy of {}"}, []string{"and its gdp?", "how big is its economy", "is it rich?"}},
	{"economy", "The rate of unemployment ", []string{"How high is unemployment in {}?", "unemployment in {}", "unemployment rate {}"}, []string{"and unemployment?"}},
	{"economy", "The rate of inflation ", []string{"How high is inflation in {}?", "inflation in {}", "inflation rate of {}"}, []string{"and inflation?"}},
	{"trade", "The currency of ", []string{"What is the currency of {}?", "currency of {}", "what money do they use in {}", "{} currency", "what do you pay with in {}", "money in {}"}, []string{"and the currency?", "what money do they use there", "which currency", "currency?"}},
	{"trade", "The main exports of ", []string{"What does {} export?", "exports of {}", "what does {} sell abroad", "main exports {}"}, []string{"what does it export?", "and exports?"}},
	{"trade", "The main farm products of ", []string{"What do farmers in {} grow?", "what do they grow in {}", "agriculture of {}", "farm products of {}"}, []string{"what do they grow there", "and what do the farmers grow"}},
	{"symbols", "The flag of ", []string{"What does the flag of {} look like?", "flag of {}", "{} flag", "colours of the flag of {}"}, []string{"and its flag?", "what does its flag look like", "what colours is the flag"}},
	{"symbols", "The national anthem of ", []string{"What is the national anthem of {}?", "national anthem of {}", "anthem of {}"}, []string{"and the anthem?", "whats their anthem"}},
	{"symbols", "The national holiday of ", []string{"When is the national holiday of {}?", "national day of {}", "national holiday in {}"}, []string{"when is the national holiday", "and the national day?"}},
}

// others ask for the same fact about another country.
var others = []string{"and {}?", "what about {}", "and in {}?", "and {}", "how about {}", "same for {}"}

// A told is a fact that a passage tells.
type told struct {
	of     int // in facts
	id     string
	answer string // the sentence
}

// A land is a country of the Factbook.
type land struct {
	name  string // as people type it
	title string // its passages' titles, as far as the colon
	told  []told
}

// lands returns the countries of the Factbook's passages in the order of the passages,
// with the facts that are told of each.
func lands(articles *passages.Store) []*land {
	var all []*land
	bySlug := map[string]*land{}
	for i := range articles.Len() {
		p := articles.At(i)
		rest, ok := strings.CutPrefix(p.ID, FactbookPrefix)
		slug, passage, two := strings.Cut(rest, "/")
		title, _, named := strings.Cut(p.Title, ":")
		if !ok || !two || !named {
			continue
		}
		l := bySlug[slug]
		if l == nil {
			l = &land{name: Country(p.Title), title: title}
			bySlug[slug] = l
			all = append(all, l)
		}
		for _, s := range sentence.Split(p.Text) {
			text := p.Text[s.Start:s.End]
			for k, f := range facts {
				if f.passage == passage && strings.Contains(text, f.has) {
					l.told = append(l.told, told{k, p.ID, text})
				}
			}
		}
	}
	return all
}

// Country returns the country that a passage of the Factbook is about, given its title:
// Turkey for "Turkey (Türkiye): largest cities".
func Country(title string) string {
	country, _, _ := strings.Cut(title, ":")
	country, _, _ = strings.Cut(country, " (")
	return country
}

// heldOut reports whether a country is asked about in FactsHeldOut: every fifth, by a hash
// of its name.
func heldOut(name string) bool {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()%5 == 0
}

// AddFacts adds the splits Facts and FactsHeldOut, as far as names has them, made of the
// Factbook's passages among articles. The same passages give the same conversations.
func (s Set) AddFacts(articles *passages.Store, names []string) {
	for _, split := range []string{Facts, FactsHeldOut} {
		if !slices.Contains(names, split) {
			continue
		}
		var of []*land
		for _, l := range lands(articles) {
			if heldOut(l.title) == (split == FactsHeldOut) && len(l.told) > 4 {
				of = append(of, l)
			}
		}
		named := namesOf(articles)
		r := rand.New(rand.NewPCG(1, uint64(len(split))))
		for round := range 2 {
			for i, l := range of {
				c := askFacts(l, of, named, r)
				c.ID = fmt.Sprintf("%s-%02d-%03d", split, round+1, i+1)
				s[split] = append(s[split], c)
			}
		}
	}
}

// askFacts makes a conversation that begins with a country, and goes on with other facts
// about it or with the same fact about others.
func askFacts(l *land, all []*land, articles []article, r *rand.Rand) judged.Conversation {
	c := judged.Conversation{Topic: "Geography", Persona: "asks for facts"}
	one := func(list []string) string { return list[r.IntN(len(list))] }
	t := l.told[r.IntN(len(l.told))]
	lower := r.Float64() < .6
	for n := 3 + r.IntN(2); len(c.Turns) < n; {
		turn := judged.Turn{Kind: judged.First}
		form := one(facts[t.of].alone)
		if len(c.Turns) > 0 {
			switch x := r.Float64(); {
			case x < .5: // another fact about the same country
				t = l.told[r.IntN(len(l.told))]
				form = one(facts[t.of].then)
				turn.Kind, turn.NeedsContext = judged.Ellipsis, true
			case x < .85: // the same about another country
				of := t.of
				next := all[r.IntN(len(all))]
				k := slices.IndexFunc(next.told, func(t told) bool { return t.of == of })
				if next == l || k < 0 {
					continue
				}
				l, t = next, next.told[k]
				form = one(others)
				turn.Kind, turn.NeedsContext = judged.WhatAbout, true
			default:
				l = all[r.IntN(len(all))]
				t = l.told[r.IntN(len(l.told))]
				form = one(facts[t.of].alone)
				turn.Kind, turn.Switch = judged.TopicSwitch, true
			}
		}
		turn.Question = strings.ReplaceAll(form, "{}", l.name)
		if lower {
			turn.Question = strings.ToLower(turn.Question)
		}
		turn.Rewrite = strings.ReplaceAll(facts[t.of].alone[0], "{}", l.name)
		turn.Reply = t.answer
		turn.Gold = answering(l, t, articles)
		c.Turns = append(c.Turns, turn)
	}
	return c
}

// answering returns the passages that answer: the one that tells the fact, and in part, for
// all that anybody knows, the country's own article and those that the sentence names.
func answering(l *land, t told, articles []article) []judged.Gold {
	gold := []judged.Gold{{ID: t.id, Grade: 2}}
	sentence := plainWords(t.answer)
	for _, a := range articles {
		money := facts[t.of].passage == "trade" && len(a.last) > 4 && strings.Contains(sentence, a.last) // the yen, Japanese yen
		if money || len(a.name) > 4 && strings.Contains(sentence, a.name) {
			gold = append(gold, judged.Gold{ID: a.id, Grade: 1})
		}
	}
	return gold
}

// An article is one of Wikipedia's: its name, without what is in brackets after it, and the
// name's last word, as plainWords has them.
type article struct{ id, name, last string }

func namesOf(articles *passages.Store) (all []article) {
	for i := range articles.Len() {
		p := articles.At(i)
		if strings.HasPrefix(p.ID, FactbookPrefix) {
			continue
		}
		name, _, _ := strings.Cut(p.Title, " (")
		name = plainWords(name)
		all = append(all, article{p.ID, name, name[strings.LastIndexByte(strings.TrimSuffix(name, " "), ' '):]})
	}
	return all
}

// plainWords returns a text's words in lower case, each with a space before it and one
// after the last.
func plainWords(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" .,;:!?()'\"", r) }), " ") + " "
}
