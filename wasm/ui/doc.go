// Command ui is the conversation on the page, in Vugu: the questions, the quoted replies,
// the results, and what the encoder saw.
//
// How data flows:
//
//	boot.js, Vugu event -> Root's methods -> dialogue (the conversation's state)
//	  -> Build (views of it, *.vugu) -> the document
//	  -> Browser (post to the worker, focus, scroll, announce, save), in main.go
//	worker's answer -> Root.Message -> dialogue -> Build ...
//
// The parts that must work before this program has loaded, or when it cannot load, are in
// site/web/boot.js: the question box, the loading line, the colours, the service worker.
// Everything except main.go also builds and is tested natively.
//
// Three rules, since each Vugu event renders the whole tree and Vugu patches the
// document by position:
//   - Typing changes no state: a field's text is read when its form is submitted.
//   - A conditional element is in a parent that always exists and contains
//     white space, so that nothing after it moves (a moved element is created again
//     and loses the focus), and an emptied parent is emptied.
//   - No focus or blur handlers: they run in the middle of a render.
package main

//go:generate go tool vugugen -skip-go-mod -skip-main .
//go:generate go run ./vugushrink .
//go:generate gofmt -w .
//go:generate go run ./vuguhelper ../../site/web/vugu-helper.js
