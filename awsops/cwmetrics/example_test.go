package cwmetrics_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops/cwmetrics"
	"github.com/kitroll/kitroll/awsops/cwmetricstest"
)

func ExampleClient_Latest() {
	srv := cwmetricstest.NewServer() // real code: cwmetrics.Config{AWS: cfg}
	client, err := cwmetrics.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	id := cwmetrics.MetricID{Namespace: "CWAgent", Name: "mem_used_percent", Dimensions: map[string]string{"InstanceId": "i-0123456789abcdef0"}}
	srv.Put(id, "Percent", 40, 44)
	srv.Clock.Advance(time.Minute)
	point, err := client.Latest(context.Background(), id)
	fmt.Println(point.Value, err)
	// Output: 42 <nil>
}

func ExampleClient_WaitArrived() {
	srv := cwmetricstest.NewServer() // real code: cwmetrics.Config{AWS: cfg}
	client, err := cwmetrics.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	dimensions := map[string]string{"InstanceId": "i-0123456789abcdef0"}
	started := srv.Clock.Now()
	srv.Put(cwmetrics.MetricID{Namespace: "CWAgent", Name: "mem_used_percent", Dimensions: dimensions}, "Percent", 42)
	at, err := client.WaitArrived(context.Background(), "CWAgent", "mem_used_percent", dimensions, started, nil)
	fmt.Println(at.Format(time.TimeOnly), err)
	// Output: 09:00:00 <nil>
}

func ExampleClient_SeriesOf() {
	srv := cwmetricstest.NewServer() // real code: cwmetrics.Config{AWS: cfg}
	client, err := cwmetrics.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	read := cwmetrics.MetricID{Namespace: "App", Name: "reads"}
	written := cwmetrics.MetricID{Namespace: "App", Name: "writes"}
	srv.Put(read, "Count", 1, 2, 3)
	srv.Clock.Advance(time.Minute)
	all, err := client.SeriesOf(context.Background(), []cwmetrics.MetricID{read, written}, &cwmetrics.SeriesOptions{Stat: cwmetrics.Sum})
	for _, s := range all {
		fmt.Println(s.Metric, len(s.Points))
	}
	fmt.Println(err)
	// Output:
	// App/reads 1
	// App/writes 0
	// <nil>
}
