package sse_test

import (
	"fmt"
	"strings"

	"github.com/kitroll/kitroll/llm/sse"
)

func ExampleReader_Events() {
	body := strings.NewReader(": keep-alive\n\ndata: one\n\nevent: done\ndata: two\ndata: lines\n\n")
	for ev, err := range sse.NewReader(body, nil).Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %q\n", ev.Type, ev.Data)
	}
	// Output:
	// message "one"
	// done "two\nlines"
}
