package main

import (
	"fmt"
	"os"
)

// A style colours text, or not.
type style struct{ on bool }

// styleOf colours what goes to a terminal, unless NO_COLOR is set
// (https://no-color.org) or the terminal cannot.
func styleOf(of any) style {
	return style{isTerminal(of) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s style) code(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string { return s.code("1", text) }
func (s style) dim(text string) string  { return s.code("2", text) }

// turnColours tell the turns apart on dark and light grounds (256 colours); they
// begin again after the last.
var turnColours = []int{33, 166, 35, 162, 136, 99}

// turn colours text as what the n-th turn lit.
func (s style) turn(n int, text string) string {
	if n < 0 {
		return s.dim(text)
	}
	return s.code(fmt.Sprintf("38;5;%d", turnColours[n%len(turnColours)]), text)
}
