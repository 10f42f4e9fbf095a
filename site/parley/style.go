package main

import (
	"fmt"
	"os"
)

// A style colours text, unless on is false.
type style struct{ on bool }

// styleOf returns a style that colours output to a terminal, unless NO_COLOR is set
// (https://no-color.org) or the terminal has no colours.
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

// turnColours distinguish the turns on dark and light backgrounds (256 colours); after the
// last, the first is used again.
var turnColours = []int{33, 166, 35, 162, 136, 99}

// turn colours text in the colour of the n-th turn.
func (s style) turn(n int, text string) string {
	if n < 0 {
		return s.dim(text)
	}
	return s.code(fmt.Sprintf("38;5;%d", turnColours[n%len(turnColours)]), text)
}
