// Package cwmetricstest is CloudWatch's metrics in memory, on the virtual clock of awsopstest.
//
//	srv := cwmetricstest.NewServer()
//	srv.Put(id, "Percent", 42)
//	client, err := cwmetrics.New(srv.Config())
//
// It has the delays of the real one: data points that can be read some seconds after they were sent, a list in which a metric
// shows after 15 minutes and no more after two weeks, points that are kept by the minute, by 5 minutes and by the hour only as
// they grow old; and answers in parts. [Behaviour] sets them. Of the statistics it knows the five common ones and percentiles;
// others are refused.
package cwmetricstest
