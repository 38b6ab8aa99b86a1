package route53x_test

import (
	"fmt"
	"strings"

	"github.com/kitroll/kitroll/route53x"
)

// A zone from Aliyun's console becomes record sets. What Route 53 cannot do has to be acknowledged, record by record.
func ExampleMapAliyun() {
	records, _, err := route53x.ReadAliyunCSV(strings.NewReader(`主机记录,记录类型,解析线路,记录值,MX优先级,TTL,状态
www,A,默认,192.0.2.1,,600,正常
www,A,境外,198.51.100.1,,600,正常
api,A,默认,192.0.2.2,,600,正常
api,A,电信,192.0.2.3,,600,正常
`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := route53x.MapAliyun("example.com", records, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var ids []string
	for _, item := range m.Unacknowledged(nil) {
		fmt.Println(item.Class, item.ID)
		ids = append(ids, item.ID) // once a person has agreed
	}
	sets, err := m.Accept(ids)
	for _, s := range sets {
		fmt.Println(s)
	}
	fmt.Println(err)
	// Output:
	// lossy api/A/default/b2a2d8a6
	// lossy api/A/telecom/89bb0297
	// api.example.com. A 600 192.0.2.2
	// www.example.com. A [aliyun-country-cn] 600 192.0.2.1 (routing="GEOLOCATION" countryCode="CN" identifier="aliyun-country-cn")
	// www.example.com. A [aliyun-world] 600 198.51.100.1 (routing="GEOLOCATION" countryCode="*" identifier="aliyun-world")
	// <nil>
}
