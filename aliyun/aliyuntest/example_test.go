package aliyuntest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// The answer to a send is lost: the caller does not know, the fake does.
func Example() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.LoseNext(aliyuntest.SendSms)
	receipt, err := c.SMS(nil).Send(context.Background(), aliyun.Message{
		Phones: []string{"13812345678"}, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoTemplate,
		Params: map[string]string{"title": "发布说明", "result": "已发布"},
	}, nil)
	fmt.Println(errors.Is(err, aliyun.ErrUnknownOutcome), srv.Calls(aliyuntest.SendSms), srv.CountOutID(receipt.OutID))
	// Output: true 1 1
}

func ExampleServer_FailNext() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.FailNext(aliyuntest.SendSms, "isv.AMOUNT_NOT_ENOUGH")
	_, err = c.SMS(nil).Send(context.Background(), aliyun.Message{
		Phones: []string{"13812345678"}, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoTemplate,
		Params: map[string]string{"title": "发布说明", "result": "已发布"},
	}, nil)
	fmt.Println(errors.Is(err, aliyun.ErrQuota), srv.Count(""))
	// Output: true 0
}
