package message

import "strconv"

// Reading returns what the newest question was read with, as text for people: "read with
// turns 1 and 2". It is "" where there were no earlier turns.
func (a *Answer) Reading() string {
	switch n := len(a.Read) - 1; {
	case a.Alone:
		return "read alone, as a new topic"
	case n < 1:
		return ""
	case n == 1:
		return "read with turn " + strconv.Itoa(a.Read[0]+1)
	default:
		return "read with turns " + turns(a.Read[:n])
	}
}

// turns lists ascending indices as numbers from 1: "1 and 2", "1, 3 to 5 and 7".
func turns(list []int) string {
	var runs []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j == i+1 {
			j = i // write two neighbours as two numbers
		}
		run := strconv.Itoa(list[i] + 1)
		if j > i {
			run += " to " + strconv.Itoa(list[j]+1)
		}
		runs = append(runs, run)
		i = j + 1
	}
	s := ""
	for i, run := range runs {
		switch {
		case i == 0:
		case i == len(runs)-1:
			s += " and "
		default:
			s += ", "
		}
		s += run
	}
	return s
}

// ReadAs returns Spelling as text for people: Read as “photosynthesis” and “Kilimanjaro”.
// It is "" where no word was replaced.
func (a *Answer) ReadAs() string {
	if len(a.Spelling) == 0 {
		return ""
	}
	s, before := "Read as ", "“"
	for i := range a.Spelling {
		s += before + a.Spelling[i].Read + "”"
		before = ", “"
		if i == len(a.Spelling)-2 {
			before = " and “"
		}
	}
	return s + "."
}

// CutText says to people that Answer.Cut is true.
const CutText = "The question is longer than what the encoder reads: its middle was left out."

// NoFigureText says to people that Result.NoFigure is true.
const NoFigureText = "The question asks for a figure or a date; this sentence gives none."

// LeftOut returns, as text for people, what the encoder did not read for lack of room; ""
// where it read everything.
func (a *Answer) LeftOut() string {
	s := ""
	if a.Cut {
		s = CutText
	}
	if a.Dropped {
		if s != "" {
			s += " "
		}
		s += "Older turns did not fit."
	}
	return s
}
