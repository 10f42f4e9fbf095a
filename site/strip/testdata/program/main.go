// Command program does what the runtime needs its tables of functions for, and prints what
// came of it: the garbage collector, growing stacks, deferred calls, recover, and the
// functions that package reflect makes. Its last word is a panic.
package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

type node struct {
	next  *node
	bytes []byte
}

// deep grows the stack, with pointers in every frame, and collects garbage at its end.
func deep(n int, list *node) int {
	here := &node{next: list, bytes: []byte(fmt.Sprint("frame ", n))}
	if n == 0 {
		runtime.GC()
		length := 0
		for ; here != nil; here = here.next {
			length += len(here.bytes)
		}
		return length
	}
	return deep(n-1, here) + len(here.bytes)
}

type counter struct{ n int }

func (c *counter) Add(words ...string) int {
	runtime.GC()
	c.n += len(strings.Join(words, ""))
	return c.n
}

func recovered(f func()) (result any) {
	defer func() { result = recover() }()
	f()
	return nil
}

//go:noinline
func indirectly() any { return recover() }

func main() {
	debug.SetGCPercent(5)
	fmt.Println(deep(3000, nil))

	fmt.Println(recovered(func() {
		defer func() {
			fmt.Println("nested:", recovered(func() { panic("inner") }))
		}()
		panic("outer")
	}))
	fmt.Println(recovered(func() { var list []int; _ = list[len(os.Args)+5] }))
	fmt.Println(recovered(func() { var n *node; n.bytes = nil }))
	fmt.Println(recovered(func() {
		defer func() { func() { indirectly() }() }() // recovers nothing
		panic(errors.New("stays"))
	}))

	swap := reflect.MakeFunc(reflect.TypeFor[func(*node, string) (string, *node)](), func(args []reflect.Value) []reflect.Value {
		runtime.GC()
		return []reflect.Value{args[1], args[0]}
	}).Interface().(func(*node, string) (string, *node))
	text, n := swap(&node{bytes: []byte("swapped")}, strings.Repeat("text ", 2))
	fmt.Println(text, string(n.bytes))

	c := &counter{}
	add := reflect.ValueOf(c).MethodByName("Add").Interface().(func(...string) int)
	fmt.Println(add("one", "two"), add("three"), reflect.ValueOf(c.Add).Call([]reflect.Value{reflect.ValueOf("four")})[0].Int())

	done := make(chan int)
	for i := range 50 {
		go func() { done <- deep(i, nil) }()
	}
	lengths := []int{}
	for range 50 {
		lengths = append(lengths, <-done)
	}
	slices.Sort(lengths)
	fmt.Println(lengths)

	theLastFunction()
}

//go:noinline
func theLastFunction() { panic("the last word") }
