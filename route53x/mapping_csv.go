package route53x

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AliyunColumn is a field of [AliyunRecord] that a column of a file can hold.
type AliyunColumn string

// The columns. The first four must be there.
const (
	ColumnRR       AliyunColumn = "rr"
	ColumnType     AliyunColumn = "type"
	ColumnLine     AliyunColumn = "line"
	ColumnValue    AliyunColumn = "value"
	ColumnPriority AliyunColumn = "priority"
	ColumnTTL      AliyunColumn = "ttl"
	ColumnStatus   AliyunColumn = "status"
	ColumnWeight   AliyunColumn = "weight"
	ColumnRemark   AliyunColumn = "remark"
)

// AliyunCSVOptions are the options of [ReadAliyunCSV]. nil has the defaults.
type AliyunCSVOptions struct {
	// Header says what the columns are called, beside what is known: 主机记录, 记录类型, 解析线路, 记录值, MX优先级, TTL, 状态, 权重
	// and 备注, with whatever follows in brackets, and the names of the columns here.
	Header map[string]AliyunColumn
	// Lines are codes of lines by the names that the file has for them, beside 默认, 电信, 境外 and their like.
	Lines map[string]string

	MaxBytes   int64 // default 16 MiB
	MaxRecords int   // default 100,000
}

// ReadAliyunCSV reads a list of records as the console of Alidns exports it, saved as CSV or as text with tabs: a second
// source beside the API, which is the truth. It reads to the end; a line that it cannot use is an [Issue] that is [Wrong],
// and columns that it does not know are left out with a note. The file must be UTF-8, with or without a mark in front.
//
// Lines and states come in words there: 默认 becomes default, 暂停 becomes DISABLE. Words that are not known stay, and
// [MapAliyun] will not guess them either. Whether a name is weighted is not in the file: where there is a column of weights,
// a record with a weight is taken for it.
//
// Errors: those of r; [ErrInvalid] for a file that is not UTF-8 or has not the columns; [ErrLimit].
//
// Source: the export of the console (unverified).
func ReadAliyunCSV(r io.Reader, opts *AliyunCSVOptions) ([]AliyunRecord, []Issue, error) {
	o := AliyunCSVOptions{}
	if opts != nil {
		o = *opts
	}
	o.MaxBytes, o.MaxRecords = cmp.Or(o.MaxBytes, 16<<20), cmp.Or(o.MaxRecords, 100_000)
	src, err := io.ReadAll(io.LimitReader(r, o.MaxBytes+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("route53x: Aliyun CSV: %w", err)
	case int64(len(src)) > o.MaxBytes:
		return nil, nil, fmt.Errorf("route53x: Aliyun CSV is over %d bytes: %w", o.MaxBytes, ErrLimit)
	case !utf8.Valid(src):
		return nil, nil, fmt.Errorf("route53x: Aliyun CSV: %w: not UTF-8: save it as CSV UTF-8", ErrInvalid)
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	c := csv.NewReader(bytes.NewReader(src))
	c.FieldsPerRecord, c.LazyQuotes, c.TrimLeadingSpace = -1, true, true
	if head, _, _ := bytes.Cut(src, []byte("\n")); bytes.Count(head, []byte("\t")) > bytes.Count(head, []byte(",")) {
		c.Comma, c.TrimLeadingSpace = '\t', false
	}
	t := csvReader{opts: o, csv: c}
	if err := t.header(); err != nil {
		return nil, nil, fmt.Errorf("route53x: Aliyun CSV: %w: %w", ErrInvalid, err)
	}
	err = t.rows()
	sortIssues(t.issues)
	if err != nil {
		err = fmt.Errorf("route53x: Aliyun CSV: %w", err)
	}
	return t.records, t.issues, err
}

type csvReader struct {
	opts    AliyunCSVOptions
	csv     *csv.Reader
	columns map[AliyunColumn]int
	records []AliyunRecord
	issues  []Issue
}

func (t *csvReader) issue(s Severity, line, col int, text, format string, args ...any) {
	t.issues = append(t.issues, Issue{Severity: s, Line: line, Col: col, Text: strings.ToValidUTF8(clip(text), ""), Reason: fmt.Sprintf(format, args...)})
}

// columnNamed are the headers of the console, and our own.
func columnNamed(header string) AliyunColumn {
	return map[string]AliyunColumn{
		"主机记录": ColumnRR, "记录类型": ColumnType, "解析线路": ColumnLine, "线路": ColumnLine, "解析请求来源": ColumnLine, "记录值": ColumnValue,
		"mx优先级": ColumnPriority, "优先级": ColumnPriority, "ttl": ColumnTTL, "状态": ColumnStatus, "记录状态": ColumnStatus, "权重": ColumnWeight,
		"备注": ColumnRemark, "rr": ColumnRR, "type": ColumnType, "line": ColumnLine, "value": ColumnValue, "priority": ColumnPriority,
		"status": ColumnStatus, "weight": ColumnWeight, "remark": ColumnRemark,
	}[strings.ToLower(header)]
}

func (t *csvReader) header() error {
	head, err := t.csv.Read()
	if err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	t.columns = map[AliyunColumn]int{}
	var errs []error
	for i, h := range head {
		h = strings.TrimSpace(h)
		plain := h
		if at := strings.IndexAny(plain, "(（"); at >= 0 {
			plain = strings.TrimSpace(plain[:at])
		}
		column := cmp.Or(t.opts.Header[h], t.opts.Header[plain], columnNamed(plain))
		if column == "" {
			line, col := t.csv.FieldPos(i)
			t.issue(Note, line, col, h, "a column that is not known is left out")
			continue
		}
		if _, twice := t.columns[column]; twice {
			errs = append(errs, fmt.Errorf("two columns are %s", column))
		}
		t.columns[column] = i
	}
	for _, must := range []AliyunColumn{ColumnRR, ColumnType, ColumnLine, ColumnValue} {
		if _, there := t.columns[must]; !there {
			errs = append(errs, fmt.Errorf("no column is %s: name it in AliyunCSVOptions.Header", must))
		}
	}
	return errors.Join(errs...)
}

func (t *csvReader) rows() error {
	for {
		row, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			t.issue(Wrong, e.Line, e.Column, "", "%v", e.Err)
			continue
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		if len(t.records) == t.opts.MaxRecords {
			return fmt.Errorf("more than %d records: %w", t.opts.MaxRecords, ErrLimit)
		}
		if r, ok := t.row(row); ok {
			t.records = append(t.records, r)
		}
	}
}

// row reads one record. A row that is not whole is an issue.
func (t *csvReader) row(row []string) (r AliyunRecord, ok bool) {
	line, _ := t.csv.FieldPos(0)
	get := func(c AliyunColumn) string {
		if i, there := t.columns[c]; there && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	ok = true
	wrong := func(c AliyunColumn, format string, args ...any) {
		col := 1
		if i := t.columns[c]; i < len(row) {
			_, col = t.csv.FieldPos(i)
		}
		t.issue(Wrong, line, col, get(c), format, args...)
		ok = false
	}
	for _, c := range []AliyunColumn{ColumnRR, ColumnType, ColumnValue} {
		if get(c) == "" {
			wrong(c, "%s is empty", c)
		}
	}
	r = AliyunRecord{
		RR: get(ColumnRR), Type: csvType(get(ColumnType)), Value: get(ColumnValue), Line: t.line(get(ColumnLine)),
		Status: csvStatus(get(ColumnStatus)), Remark: get(ColumnRemark),
	}
	var err error
	if r.TTL, err = csvTTL(get(ColumnTTL)); err != nil {
		wrong(ColumnTTL, "TTL: %v", err)
	}
	for c, to := range map[AliyunColumn]*int{ColumnPriority: &r.Priority, ColumnWeight: &r.Weight} {
		if v := get(c); v != "" && v != "-" && v != "--" {
			if *to, err = strconv.Atoi(v); err != nil || *to < 0 {
				wrong(c, "%s is no number", c)
			}
		}
	}
	if r.Type != string(MX) {
		r.Priority = 0
	}
	r.LbaStatus = r.Weight > 0
	return r, ok
}

// line is the code of a line that the console calls by a name.
func (t *csvReader) line(name string) string {
	if code := t.opts.Lines[name]; code != "" {
		return code
	}
	known := map[string]string{
		"": lineDefault, "默认": lineDefault, "电信": "telecom", "联通": "unicom", "移动": "mobile", "教育网": "edu", "鹏博士": "drpeng", "广电网": "btvn",
		"科技网": "cstnet", "华数": "wasu", "境外": "oversea", "海外": "oversea", "中国地区": "internal", "中国大陆": "internal", "搜索引擎": "search",
		"百度": "baidu", "谷歌": "google", "必应": "biying", "阿里云": "aliyun",
	}
	if code, ok := known[name]; ok {
		return code
	}
	if code, ok := known[strings.TrimPrefix(name, "中国")]; ok {
		return code
	}
	return name
}

func csvType(name string) string {
	switch name {
	case "显性URL":
		return "REDIRECT_URL"
	case "隐性URL":
		return "FORWARD_URL"
	}
	return strings.ToUpper(name)
}

func csvStatus(word string) string {
	switch strings.ToLower(word) {
	case "", "正常", "启用", "已启用", "enable":
		return "ENABLE"
	case "暂停", "停用", "已暂停", "disable":
		return "DISABLE"
	}
	return word
}

// csvTTL reads "600", "10分钟", "1 小时".
func csvTTL(s string) (uint32, error) {
	if s == "" {
		return 0, nil
	}
	number := strings.TrimRight(s, "秒分钟小时天 ")
	unit, known := map[string]uint64{"": 1, "秒": 1, "分钟": 60, "小时": 3600, "天": 86400}[strings.TrimSpace(strings.TrimPrefix(s, number))]
	n, err := strconv.ParseUint(number, 10, 31)
	switch {
	case err != nil || !known:
		return 0, errors.New("not a time: seconds, or a number with 秒, 分钟, 小时 or 天")
	case n*unit > 1<<31-1:
		return 0, errors.New("more than 2147483647 seconds")
	}
	return uint32(n * unit), nil
}
