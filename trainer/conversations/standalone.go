package conversations

import (
	"regexp"
	"strings"
	"unicode"
)

// pronouns are words that refer to something said before.
var pronouns = map[string]bool{
	"it": true, "its": true, "itself": true, "he": true, "him": true, "his": true, "himself": true,
	"she": true, "her": true, "hers": true, "herself": true, "they": true, "them": true,
	"their": true, "theirs": true, "themselves": true, "this": true, "these": true, "those": true, "there": true, "then": true,
}

var (
	// leaning matches phrases that refer to another sentence, whatever comes before them.
	leaning = regexp.MustCompile(`(?i)\b(that one|this one|these ones|those ones|the other one|the other ones|the first one|the second one|the last one|the latter|the former|the same one|both of (?:them|those|these)|you (?:just )?(?:said|mentioned))\b`)
	opening = regexp.MustCompile(`(?i)^(and|but|so|what about|how about|or)\b`)
	// expletive matches "it" that refers to nothing, or to what follows.
	expletive = regexp.MustCompile(`(?i)\b(?:(?:is|was|does|did|has|can|could|would|will|might|if|that|when|why|how long|how) it (?:true|possible|the case|that|take|took|taken|rain|snow|mean|really|safe|legal|illegal|called|said|known|to|cost|feel|common|still)|(?:is|was|does|did|would) it\b.{1,40}\b(?:to|that)\b|it (?:is|was) (?:said|that|to|like|called|possible))\b`)
	// existential matches the "there" of "is there", and those, these and this before what they
	// refer to.
	existential = regexp.MustCompile(`(?i)\b(?:(?:is|are|was|were|be|been|exist|isn't|aren't|do|does) there|there (?:is|are|was|were|be|exist)|th(?:ose|ese) (?:who|that|which|of|with|in|from)|those|how many .{1,60} (?:are|were|is|was) there)\b`)
)

// Dangles returns the first word or phrase of a rewrite that refers to something the rewrite
// does not contain, or "". It goes by a rule: before a pronoun, the rewrite must have a
// capitalised word that is not its first, or a noun with a, an, the, a number word or a
// possessive, or a plural. The rule errs in both directions; the data card says how often.
func Dangles(rewrite string) string {
	if m := opening.FindString(rewrite); m != "" {
		return m
	}
	if m := leaning.FindString(rewrite); m != "" {
		return m
	}
	text := existential.ReplaceAllString(expletive.ReplaceAllString(rewrite, " "), " ")
	anchored := false
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '-' })
	for i, w := range words {
		low := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s"))
		if pronouns[low] && !anchored {
			return w
		}
		first := []rune(w)[0]
		switch {
		case i > 0 && unicode.IsUpper(first), unicode.IsDigit(first):
			anchored = true
		case i > 0 && determiners[strings.ToLower(words[i-1])] && !pronouns[low] && !auxiliaries[low]:
			anchored = true
		case len(low) > 3 && strings.HasSuffix(low, "s") && !notPlural[low]:
			anchored = true
		case nouns[low]:
			anchored = true
		}
	}
	return ""
}

var (
	determiners = words(`a an the which what whose some any every each most many all two three four five both other another`)
	auxiliaries = words(`is are was were am be been do does did has have had can could will would shall should may might must`)
	notPlural   = words(`does this these those was its his has less is as versus plus perhaps always besides unless across`)
	// nouns are nouns that need neither a determiner nor a plural s.
	nouns = words(`people women men children someone somebody anyone animals fish sheep mice geese`)
)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}
