// Package awsopstest is what the fakes of awsops share: a virtual [Clock], on which a copy of three hours takes no time, and a
// [Script] of faults at any call, among them the two that matter most: a process that dies between the effect of a call and its
// answer, and an answer that is lost.
package awsopstest
