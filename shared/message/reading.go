package message

import "strconv"

// Reading says for people what the newest question was read with, "" where there was
// nothing before it: "read with turns 1 and 2".
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

// turns lists ascending indices by number: "1 and 2", "1, 3 to 5 and 7".
func turns(list []int) string {
	var runs []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if j == i+1 {
			j = i // two neighbours are two numbers
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

// ReadAs says for people what Spelling does, "" where no word was read as another:
// Read as “photosynthesis” and “Kilimanjaro”.
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

// CutText says for people what Answer.Cut does.
const CutText = "The question is longer than what the encoder reads: its middle was left out."

// NoFigureText says for people what Result.NoFigure does.
const NoFigureText = "The question asks for a figure or a date; this sentence gives none."

// LeftOut says for people what the encoder did not read for want of room, "" where it
// read all.
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
