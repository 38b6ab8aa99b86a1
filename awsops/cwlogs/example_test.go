package cwlogs_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func ExampleClient_Tail() {
	srv := cwlogstest.NewServer() // real code: cwlogs.Config{AWS: cfg}
	srv.AddGroup("/app/web")
	client, err := cwlogs.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	q := cwlogs.Query{Groups: []string{"/app/web"}, Start: srv.Clock.Now()}
	srv.Put("/app/web", "i-1", "one", "two", "three")

	saved := ""
	for e, err := range client.Tail(context.Background(), q) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Stream, e.Message)
		if e.Message == "two" {
			saved = e.Cursor.String() // to a file, say
			break
		}
	}
	// Another process goes on behind that event.
	if q.After, err = cwlogs.ParseCursor(saved); err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range client.Tail(context.Background(), q) {
		fmt.Println(e.Stream, e.Message, err)
		break
	}
	// Output:
	// i-1 one
	// i-1 two
	// i-1 three <nil>
}

func ExampleClient_Read() {
	srv := cwlogstest.NewServer() // real code: cwlogs.Config{AWS: cfg}
	begin := srv.Clock.Now()
	srv.Put("/app/web", "i-1", "GET /", "GET /missing 404")
	srv.Clock.Advance(time.Second)
	srv.Put("/app/api", "i-2", "POST /orders 404")
	srv.Clock.Advance(time.Minute)
	client, err := cwlogs.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	q := cwlogs.Query{Groups: []string{"/app/api", "/app/web"}, Pattern: "404", Start: begin}
	for e, err := range client.Read(context.Background(), q) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Group, e.Message)
	}
	// Output:
	// /app/web GET /missing 404
	// /app/api POST /orders 404
}

func ExampleClient_Insights() {
	srv := cwlogstest.NewServer() // real code: cwlogs.Config{AWS: cfg}
	begin := srv.Clock.Now()
	srv.Put("/app/web", "i-1", "took 3 ms", "took 900 ms")
	srv.Clock.Advance(time.Minute)
	client, err := cwlogs.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	q := cwlogs.InsightsQuery{
		Groups: []string{"/app/web"}, Text: "fields @message | filter @message like /[0-9]{3} ms/", Start: begin, End: begin.Add(time.Hour),
	}
	for row, err := range client.Insights(context.Background(), q, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(row.Get("@message"))
	}
	// Output: took 900 ms
}
