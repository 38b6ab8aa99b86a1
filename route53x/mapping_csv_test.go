package route53x_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

const consoleHeader = "主机记录,记录类型,解析线路,记录值,MX优先级,TTL,状态\n"

func TestReadAliyunCSV(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file   string
		opts   *route53x.AliyunCSVOptions
		want   []route53x.AliyunRecord
		issues []string
	}{
		"the console's header": {
			file: "\ufeff" + consoleHeader +
				"www,A,默认,192.0.2.1,--,600,正常\r\n@,MX,境外,mx.example.net,10,10 分钟,暂停\r\n\r\n" +
				`t,TXT,中国电信,"v=spf1 include:x.example.net, ""q"" -all",,1小时,启用` + "\n" + "old,显性URL,教育网,https://example.net,,,\n",
			want: []route53x.AliyunRecord{
				ali("www", "A", "192.0.2.1"),
				ali("@", "MX", "mx.example.net", prio(10), on("oversea"), status("DISABLE")),
				ali("t", "TXT", `v=spf1 include:x.example.net, "q" -all`, on("telecom"), ttl(3600)),
				ali("old", "REDIRECT_URL", "https://example.net", on("edu"), ttl(0)),
			},
		},
		"tabs, other order, brackets and a column too many": {
			file:   "状态\t记录值\t主机记录\t记录类型\t解析线路(isp)\tTTL(秒)\t创建时间\n正常\t192.0.2.1\twww\ta\t百度\t60\t2026\n",
			want:   []route53x.AliyunRecord{ali("www", "A", "192.0.2.1", on("baidu"), ttl(60))},
			issues: []string{`1:71: note: a column that is not known is left out: "创建时间"`},
		},
		"a header and lines of the caller's": {
			file: "host,kind,route,data,share\nwww,A,北京,192.0.2.1,3\n",
			opts: &route53x.AliyunCSVOptions{
				Header: map[string]route53x.AliyunColumn{
					"host": route53x.ColumnRR, "kind": route53x.ColumnType, "route": route53x.ColumnLine, "data": route53x.ColumnValue, "share": route53x.ColumnWeight,
				},
				Lines: map[string]string{"北京": "cn_region_beijing"},
			},
			want: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1", on("cn_region_beijing"), weighs(3), ttl(0))},
		},
		"words that nobody knows stay": {
			file: consoleHeader + "www,A,月球,192.0.2.1,,600,奇怪\n",
			want: []route53x.AliyunRecord{ali("www", "A", "192.0.2.1", on("月球"), status("奇怪"))},
		},
		"bad lines are issues, later ones are read": {
			file: consoleHeader + "www,A,默认,,,600,正常\n,A,默认,192.0.2.1,x,soon,正常\nlast,A,默认,192.0.2.9,,600,正常\nm,MX,默认,mx,ten,600,正常\n",
			want: []route53x.AliyunRecord{ali("last", "A", "192.0.2.9")},
			issues: []string{
				`2:14: wrong: value is empty: ""`, `3:1: wrong: rr is empty: ""`, `3:21: wrong: priority is no number: "x"`,
				`3:23: wrong: TTL: not a time: seconds, or a number with 秒, 分钟, 小时 or 天: "soon"`, `5:16: wrong: priority is no number: "ten"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, issues, err := route53x.ReadAliyunCSV(strings.NewReader(tt.file), tt.opts)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			var found []string
			for _, i := range issues {
				found = append(found, i.String())
			}
			assert.Equal(t, tt.issues, found)
		})
	}
}

func TestReadAliyunCSVErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		opts *route53x.AliyunCSVOptions
		kind error
		says string
	}{
		"empty":         {"", nil, route53x.ErrInvalid, "no header"},
		"columns":       {"主机记录,TTL\n", nil, route53x.ErrInvalid, "no column is value"},
		"two of a kind": {consoleHeader[:len(consoleHeader)-1] + ",TTL\n", nil, route53x.ErrInvalid, "two columns are ttl"},
		"GBK":           {"\xd6\xf7\xbb\xfa,x\n", nil, route53x.ErrInvalid, "UTF-8"},
		"bytes":         {consoleHeader, &route53x.AliyunCSVOptions{MaxBytes: 10}, route53x.ErrLimit, "10 bytes"},
		"records": {
			consoleHeader + strings.Repeat("www,A,默认,192.0.2.1,,600,正常\n", 3), &route53x.AliyunCSVOptions{MaxRecords: 2}, route53x.ErrLimit, "more than 2 records",
		},
	} {
		_, _, err := route53x.ReadAliyunCSV(strings.NewReader(tt.file), tt.opts)
		require.ErrorIs(t, err, tt.kind, name)
		require.ErrorContains(t, err, tt.says, name)
	}
	boom := errors.New("boom")
	_, _, err := route53x.ReadAliyunCSV(iotest.ErrReader(boom), nil)
	require.ErrorIs(t, err, boom)
}

// What the file says goes the same way as what the API says.
func TestCSVIsMapped(t *testing.T) {
	t.Parallel()
	records, issues, err := route53x.ReadAliyunCSV(strings.NewReader(consoleHeader+
		"www,A,默认,192.0.2.1,,600,正常\nwww,A,境外,192.0.2.2,,600,正常\noff,A,默认,192.0.2.3,,600,暂停\nx,A,月球,192.0.2.4,,600,正常\n"), nil)
	require.NoError(t, err)
	assert.Empty(t, issues)
	_, classes := mappingTexts(mapped(t, nil, records...))
	assert.ElementsMatch(t, []string{"www A default equal", "www A oversea equal", "off A default skipped", "x A 月球 unmappable"}, classes)
}

func FuzzReadAliyunCSV(f *testing.F) {
	f.Add(consoleHeader + "www,A,默认,192.0.2.1,--,600,正常\n")
	f.Add("rr\ttype\tline\tvalue\n\"a\"b\t\"\n")
	f.Add("rr,type,line,value,ttl\na,b,c,d,9999999999天\n")
	f.Fuzz(func(t *testing.T, file string) {
		records, issues, err := route53x.ReadAliyunCSV(strings.NewReader(file), nil)
		if err != nil {
			return
		}
		for _, r := range records {
			if r.RR == "" || r.Type == "" || r.Value == "" || r.TTL > 1<<31-1 || r.Priority < 0 {
				t.Fatalf("%+v", r)
			}
		}
		for _, i := range issues {
			if i.Line < 1 || i.Col < 1 {
				t.Fatalf("%+v", i)
			}
		}
	})
}
