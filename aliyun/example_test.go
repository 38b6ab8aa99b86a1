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

// A number has had its share of the minute. The error says which window, how much, and how long to wait.
func ExampleError() {
	now := time.Date(2026, 11, 24, 14, 3, 15, 0, time.FixedZone("UTC+8", 8*60*60))
	clock := func() time.Time { return now }
	srv, err := aliyuntest.Open(aliyuntest.Options{Now: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(&aliyun.SMSOptions{Sign: aliyuntest.DemoSign, Now: clock})
	for range 2 {
		_, err = sms.Send(context.Background(), aliyun.Message{
			Phones: []string{"13812345678"}, Template: aliyuntest.DemoCodeTemplate, Params: map[string]string{"code": "482916"},
		}, nil)
	}
	if e, ok := errors.AsType[*aliyun.Error](err); ok && errors.Is(err, aliyun.ErrRateLimited) {
		fmt.Println(e.Level, e.Permits, e.RetryAfter)
		fmt.Println(e.Code, e.HintZH)
	}
	// Output:
	// minute 1 45s
	// isv.BUSINESS_LIMIT_CONTROL 该号码触发流控，请等待窗口结束；限额可在控制台调整
}

// A guard notices the same before anything is sent.
func ExampleNewGuard() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(&aliyun.SMSOptions{Sign: aliyuntest.DemoSign, Guard: aliyun.NewGuard(aliyun.Limits{NoticePerDay: 1})})
	for range 2 {
		_, err = sms.Send(context.Background(), aliyun.Message{
			Phones: []string{"13812345678"}, Template: aliyuntest.DemoTemplate, Type: aliyun.Notice,
			Params: map[string]string{"title": "发布说明", "result": "已发布"},
		}, nil)
	}
	fmt.Println(errors.Is(err, aliyun.ErrRateLimited), srv.Calls(aliyuntest.SendSms))
	// Output: true 1
}

// A loaded template is held against the parameters, both ways.
func ExampleSMS_LoadTemplates() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(&aliyun.SMSOptions{Sign: aliyuntest.DemoSign})
	if err := sms.LoadTemplates(context.Background(), aliyuntest.DemoTemplate); err != nil {
		fmt.Println(err)
		return
	}
	_, err = sms.Send(context.Background(), aliyun.Message{
		Phones: []string{"13812345678"}, Template: aliyuntest.DemoTemplate, Params: map[string]string{"titel": "发布说明", "result": "已发布"},
	}, nil)
	e, _ := errors.AsType[*aliyun.Error](err)
	fmt.Println(e.Message)
	// Output: Params[title] is missing: the template asks for it; Params[titel] is too many: the template has no such variable
}

func ExampleSMS_Details() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	sms := c.SMS(&aliyun.SMSOptions{Sign: aliyuntest.DemoSign})
	if _, err := sms.Send(context.Background(), aliyun.Message{
		Phones: []string{"13812345678"}, Template: aliyuntest.DemoCodeTemplate, Params: map[string]string{"code": "482916"},
	}, nil); err != nil {
		fmt.Println(err)
		return
	}
	for d, err := range sms.Details(context.Background(), aliyun.DetailQuery{Phone: "13812345678"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.Phone, d.Status, d.ErrCode)
	}
	// Output: 138******78 delivered DELIVERED
}

// Any signed call of the RPC kind can be made; its answer is decoded into a type of the caller's.
func ExampleClient_Call() {
	srv := aliyuntest.NewServer()
	defer srv.Close()
	c, err := aliyun.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := c.Call(context.Background(), aliyun.Request{
		Product: aliyun.SMSProduct, Version: "2017-05-25", Action: "GetSmsTemplate", Idempotent: true,
		Params: map[string]string{"TemplateCode": aliyuntest.DemoTemplate},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var answer struct{ TemplateContent string }
	fmt.Println(resp.Decode(&answer), answer.TemplateContent)
	// Output: <nil> 文章《${title}》${result}
}

func ExampleNormalizePhone() {
	for _, s := range []string{"+86 138-1234-5678", "0086 13812345678", "13812345678", "+852 6123 4567"} {
		p, err := aliyun.NormalizePhone(s)
		fmt.Println(p, p.E164(), err)
	}
	// Output:
	// 138******78 +8613812345678 <nil>
	// 138******78 +8613812345678 <nil>
	// 138******78 +8613812345678 <nil>
	// 852******67 +85261234567 <nil>
}
