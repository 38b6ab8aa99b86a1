// Package aliyun calls Aliyun (Alibaba Cloud).
package aliyun
