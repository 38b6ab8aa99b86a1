package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func ExampleSMS_Send() {
	srv := aliyuntest.NewServer() // real code: aliyun.Config{Credentials: aliyun.EnvCredentials(os.Getenv)}
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(&aliyun.SMSOptions{Sign: aliyuntest.DemoSign})
	receipt, err := sms.Send(context.Background(), aliyun.Message{
		Phones:   []string{"+86 138 1234 5678"},
		Template: aliyuntest.DemoTemplate,
		Params:   map[string]string{"title": "发布说明", "result": "已发布"},
	}, nil)
	fmt.Println(receipt.Phones, err)
	fmt.Println(srv.Messages()[0].Text)
	// Output:
	// 1 <nil>
	// 【阿里云通信测试】文章《发布说明》已发布
}

// The answer to a send is lost. The message is found by its OutID, and not sent again.
func ExampleSMS_Resolve() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(nil)
	srv.LoseNext(aliyuntest.SendSms)
	began := time.Now()
	receipt, err := sms.Send(context.Background(), aliyun.Message{
		Phones: []string{"13812345678"}, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoCodeTemplate,
		Params: map[string]string{"code": "482916"},
	}, nil)
	if errors.Is(err, aliyun.ErrUnknownOutcome) {
		outcome, err := sms.Resolve(context.Background(), receipt.OutID, "13812345678", began)
		fmt.Println(outcome, err)
	}
	fmt.Println("messages sent:", srv.Count("13812345678"))
	// Output:
	// delivered <nil>
	// messages sent: 1
}

func ExampleSegments() {
	t := aliyun.Template{Content: "文章《${title}》${result}"}
	text, err := t.Render(map[string]string{"title": "发布说明", "result": "已发布"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", aliyun.Segments("我的签名", text, false))
	// Output: {Units:17 Segments:1 Encoding:UCS-2 TooLong:false}
}
