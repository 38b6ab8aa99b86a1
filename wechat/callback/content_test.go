package callback_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
)

// xmlPush is a push around what differs.
func xmlPush(inside string) string {
	return "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[oUser]]></FromUserName>\n<CreateTime>1408090606</CreateTime>\n" + inside + "</xml>"
}

func xmlEvent(name, inside string) string {
	return xmlPush("<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[" + name + "]]></Event>\n" + inside)
}

func jsonPush(inside string) string {
	return `{"ToUserName":"gh_1","FromUserName":"oUser","CreateTime":1408090606,` + inside + `}`
}

func jsonEvent(name, inside string) string {
	return strings.Replace(jsonPush(`"MsgType":"event","Event":"`+name+`",`+inside), ",}", "}", 1)
}

const (
	publishOK = `<PublishEventInfo><publish_id>2247503051</publish_id><publish_status>0</publish_status>
<article_id><![CDATA[b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4
]]></article_id><article_detail><count>2</count><item><idx>2</idx><article_url><![CDATA[http://mp.weixin.qq.com/s/2]]></article_url></item>
<item><idx>1</idx><article_url><![CDATA[http://mp.weixin.qq.com/s/1]]></article_url></item></article_detail></PublishEventInfo>`
	massOK = `<MsgID>3147483661</MsgID><Status><![CDATA[send success]]></Status><TotalCount>8</TotalCount><FilterCount>7</FilterCount><SentCount>6</SentCount><ErrorCount>1</ErrorCount>
<CopyrightCheckResult><Count>2</Count><ResultList><item><ArticleIdx>1</ArticleIdx><UserDeclareState>0</UserDeclareState><AuditState>2</AuditState><OriginalArticleUrl><![CDATA[Url_1]]></OriginalArticleUrl><OriginalArticleType>1</OriginalArticleType><CanReprint>1</CanReprint><NeedReplaceContent>1</NeedReplaceContent><NeedShowReprintSource>1</NeedShowReprintSource></item>
<item><ArticleIdx>2</ArticleIdx><CanReprint>0</CanReprint></item></ResultList><CheckState>2</CheckState></CopyrightCheckResult>
<ArticleUrlResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl><![CDATA[http://mp.weixin.qq.com/s/x]]></ArticleUrl></item></ResultList></ArticleUrlResult>`
)

func TestContents(t *testing.T) {
	t.Parallel()
	published := callback.PublishFinished{PublishState: wechat.PublishState{
		ID: "2247503051", ArticleID: "b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4",
		URLs: []string{"https://mp.weixin.qq.com/s/1", "https://mp.weixin.qq.com/s/2"},
	}}
	notOriginal := callback.PublishFinished{PublishState: wechat.PublishState{ID: "1", Status: wechat.PublishNotOriginal, FailIdx: []int{1, 2}}}
	sent := callback.MassFinished{MassReport: wechat.MassReport{
		ID: "3147483661", Status: "send success", Total: 8, Filtered: 7, Sent: 6, Failed: 1,
		Copyright: &wechat.CopyrightCheck{State: wechat.CopyrightReprint, Articles: []wechat.CopyrightFinding{
			{Idx: 1, AuditState: 2, OriginalType: 1, OriginalURL: "Url_1", CanReprint: true, NeedReplace: true, NeedSource: true}, {Idx: 2},
		}},
		Articles: []wechat.MassArticle{{Idx: 1, URL: "https://mp.weixin.qq.com/s/x"}},
	}}
	for name, tt := range map[string]struct {
		push string
		want callback.Content
	}{
		"text":                  {xmlPush("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[this is <a> test]]></Content><MsgId>1234567890123456</MsgId>"), callback.Text{Text: "this is <a> test"}},
		"text of a menu":        {xmlPush("<MsgType>text</MsgType><Content>a</Content><bizmsgmenuid>101</bizmsgmenuid><MsgId>1</MsgId>"), callback.Text{Text: "a", MenuID: "101"}},
		"text under an article": {xmlPush("<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId><MsgDataId>2247</MsgDataId><Idx>2</Idx>"), callback.Text{Text: "a", From: callback.Source{DataID: "2247", Idx: 2}}},
		"image":                 {xmlPush("<MsgType>image</MsgType><PicUrl><![CDATA[http://mmbiz.qpic.cn/x]]></PicUrl><MediaId><![CDATA[m]]></MediaId><MsgId>1</MsgId>"), callback.Image{URL: "https://mmbiz.qpic.cn/x", Media: "m"}},
		"voice":                 {xmlPush("<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format><Recognition>腾讯</Recognition><MsgId>1</MsgId>"), callback.Voice{Media: "m", Format: "amr", Recognition: "腾讯"}},
		"video":                 {xmlPush("<MsgType>video</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>"), callback.Video{Media: "m", Thumb: "t"}},
		"short video":           {xmlPush("<MsgType>shortvideo</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>"), callback.Video{Media: "m", Thumb: "t", Short: true}},
		"location":              {xmlPush("<MsgType>location</MsgType><Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label><![CDATA[位置]]></Label><MsgId>1</MsgId>"), callback.Location{Latitude: 23.134521, Longitude: 113.358803, Scale: 20, Label: "位置"}},
		"link":                  {xmlPush("<MsgType>link</MsgType><Title>T</Title><Description>D</Description><Url>https://a?b&amp;c</Url><MsgId>1</MsgId>"), callback.Link{Title: "T", Description: "D", URL: "https://a?b&c"}},
		"type not known":        {xmlPush("<MsgType>hologram</MsgType><MsgId>1</MsgId>"), callback.Other{Type: "hologram"}},

		"subscribe":          {xmlEvent("subscribe", ""), callback.Subscribe{}},
		"subscribe by code":  {xmlEvent("subscribe", "<EventKey><![CDATA[qrscene_123123]]></EventKey><Ticket><![CDATA[T]]></Ticket>"), callback.Subscribe{Scene: "123123", Ticket: "T"}},
		"unsubscribe":        {xmlEvent("unsubscribe", "<EventKey></EventKey>"), callback.Unsubscribe{}},
		"scan":               {xmlEvent("SCAN", "<EventKey>SCENE</EventKey><Ticket>T</Ticket>"), callback.Scan{Scene: "SCENE", Ticket: "T"}},
		"position":           {xmlEvent("LOCATION", "<Latitude>23.137466</Latitude><Longitude>113.352425</Longitude><Precision>119.385040</Precision>"), callback.Position{Latitude: 23.137466, Longitude: 113.352425, Precision: 119.38504}},
		"click":              {xmlEvent("CLICK", "<EventKey>K</EventKey>"), callback.Click{Key: "K"}},
		"view":               {xmlEvent("VIEW", "<EventKey><![CDATA[http://www.qq.com?a&b]]></EventKey><MenuId>42</MenuId>"), callback.View{URL: "http://www.qq.com?a&b", MenuID: "42"}},
		"mini program":       {xmlEvent("view_miniprogram", "<EventKey>pages/x</EventKey><MenuId>42</MenuId>"), callback.ViewMiniProgram{Path: "pages/x", MenuID: "42"}},
		"scan code":          {xmlEvent("scancode_push", "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>"), callback.ScanCode{Key: "6", Type: "qrcode", Result: "1"}},
		"scan code and wait": {xmlEvent("scancode_waitmsg", "<EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>"), callback.ScanCode{Key: "6", Type: "qrcode", Result: "1", Waits: true}},
		"pictures":           {xmlEvent("pic_weixin", "<EventKey>6</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>"), callback.Pictures{Key: "6", Event: "PIC_WEIXIN", Count: 2, MD5: []string{"a", "b"}}},
		"no pictures":        {xmlEvent("pic_sysphoto", "<EventKey>6</EventKey><SendPicsInfo><Count>0</Count><PicList>\n</PicList></SendPicsInfo>"), callback.Pictures{Key: "6", Event: "PIC_SYSPHOTO"}},
		"place":              {xmlEvent("location_select", "<EventKey>6</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>L</Label><Poiname></Poiname></SendLocationInfo>"), callback.ChosenPlace{Key: "6", Location: callback.Location{Latitude: 23, Longitude: 113, Scale: 15, Label: "L"}}},
		"template":           {xmlEvent("TEMPLATESENDJOBFINISH", "<MsgID>200163836</MsgID><Status><![CDATA[failed:user block]]></Status>"), callback.TemplateFinished{ID: "200163836", Status: "failed:user block"}},
		"revoked":            {xmlEvent("user_authorization_revoke", "<RevokeInfo>1</RevokeInfo>"), callback.AuthorizationRevoked{}},
		"event not known":    {xmlEvent("NewThing", "<A><B>c</B></A>"), callback.Other{Type: "event", Event: "NewThing"}},

		"published":                 {xmlEvent("PUBLISHJOBFINISH", publishOK), published},
		"published, other spelling": {xmlEvent("FREEPUBLISHJOBFINISH", publishOK), published},
		"published, lower case":     {xmlEvent("publishjobfinish", publishOK), published},
		"not original":              {xmlEvent("PUBLISHJOBFINISH", "<PublishEventInfo><publish_id>1</publish_id><publish_status>2</publish_status><fail_idx>1</fail_idx><fail_idx>2</fail_idx></PublishEventInfo>"), notOriginal},
		"publish without status":    {xmlEvent("PUBLISHJOBFINISH", "<PublishEventInfo><publish_id>1</publish_id></PublishEventInfo>"), callback.Other{Type: "event", Event: "PUBLISHJOBFINISH"}},
		"publish without id":        {xmlEvent("PUBLISHJOBFINISH", "<PublishEventInfo><publish_status>0</publish_status></PublishEventInfo>"), callback.Other{Type: "event", Event: "PUBLISHJOBFINISH"}},
		"mass":                      {xmlEvent("MASSSENDJOBFINISH", massOK), sent},
		"mass refused":              {xmlEvent("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>err(30003)</Status>"), callback.MassFinished{MassReport: wechat.MassReport{ID: "1", Status: "err(30003)"}}},
		"mass with empty lists": {
			xmlEvent("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>send fail</Status><CopyrightCheckResult><Count>0</Count><ResultList> \n</ResultList><CheckState>1</CheckState></CopyrightCheckResult><ArticleUrlResult><Count>0</Count><ResultList/></ArticleUrlResult>"),
			callback.MassFinished{MassReport: wechat.MassReport{ID: "1", Status: "send fail", Copyright: &wechat.CopyrightCheck{State: wechat.CopyrightOriginal}}},
		},
		"mass without status": {xmlEvent("MASSSENDJOBFINISH", "<MsgID>1</MsgID>"), callback.Other{Type: "event", Event: "MASSSENDJOBFINISH"}},

		"JSON text":                         {jsonPush(`"MsgType":"text","Content":"a\u4e2d<\n","MsgId":7000000000000000001`), callback.Text{Text: "a中<\n"}},
		"JSON click":                        {jsonEvent("CLICK", `"EventKey":"K"`), callback.Click{Key: "K"}},
		"JSON published":                    {jsonEvent("PUBLISHJOBFINISH", `"PublishEventInfo":{"publish_id":2247503051,"publish_status":0,"article_id":"b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4\n","article_detail":{"count":2,"item":[{"idx":2,"article_url":"http://mp.weixin.qq.com/s/2"},{"idx":1,"article_url":"http://mp.weixin.qq.com/s/1"}]}}`), published},
		"JSON published, list without item": {jsonEvent("PUBLISHJOBFINISH", `"PublishEventInfo":{"publish_id":"2247503051","publish_status":"0","article_id":"b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4","article_detail":[{"idx":1,"article_url":"http://mp.weixin.qq.com/s/1"},{"idx":2,"article_url":"http://mp.weixin.qq.com/s/2"}]}`), published},
		"JSON not original":                 {jsonEvent("PUBLISHJOBFINISH", `"PublishEventInfo":{"publish_id":1,"publish_status":2,"fail_idx":[1,2]}`), notOriginal},
		"JSON null and bool":                {jsonPush(`"MsgType":"link","Title":null,"Description":true,"Url":false`), callback.Link{Description: "true", URL: "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := callback.Parse([]byte(tt.push))
			require.NoError(t, err)
			assert.Equal(t, tt.want, p.Content)
			assert.Equal(t, "gh_1", p.To)
			assert.Equal(t, wechat.OpenID("oUser"), p.From)
			assert.Equal(t, time.Unix(1408090606, 0), p.Created)
			assert.Equal(t, tt.push, p.Raw)
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
				assert.NotContains(t, fmt.Sprintf(verb, *p), "中", "what users write is not printed")
				assert.NotContains(t, fmt.Sprintf(verb, p), "腾讯")
			}
		})
	}
}

// The platform's own layout has line ends and blanks between the elements.
func TestWhiteSpaceBetweenElements(t *testing.T) {
	t.Parallel()
	p, err := callback.Parse([]byte("<xml>\n  <ToUserName>gh_1</ToUserName>\n  <FromUserName>\t<![CDATA[oUser]]></FromUserName><CreateTime>1</CreateTime>\n<MsgType>event</MsgType><Event>x</Event><A>\n <B>c</B>\n</A>\n</xml>\n"))
	require.NoError(t, err)
	assert.Equal(t, "gh_1", p.To)
	assert.Equal(t, wechat.OpenID("\toUser"), p.From)
	assert.Equal(t, "c", p.Field("A", "B"))
}

func TestField(t *testing.T) {
	t.Parallel()
	p, err := callback.Parse([]byte(xmlEvent("New", "<A x='1 > 0'><B>c</B><B>d</B></A><E>f &#20013; &#x4e2d;<![CDATA[<g>]]> h\r\n</E>")))
	require.NoError(t, err)
	assert.Equal(t, "c", p.Field("A", "B"))
	assert.Equal(t, "c", p.Field("a", "b"))
	assert.Equal(t, "f 中 中<g> h\n", p.Field("E"))
	assert.Empty(t, p.Field("A"))
	assert.Empty(t, p.Field("Z"))
	assert.Empty(t, p.Field())
	assert.Equal(t, `"NEW" from oUser at 2014-08-15T08:16:46Z`, p.String())
}

func TestWhatIsNoPush(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "space": " \n", "a word": "success", "JSON list": "[]", "half JSON": `{"ToUserName":"a"`, "JSON and more": jsonPush(`"MsgType":"text"`) + "x",
		"half XML": xmlPush("<MsgType>text</MsgType>")[:60], "two roots": xmlPush("<MsgType>text</MsgType>") + "<a></a>", "text around": "a" + xmlPush("<MsgType>text</MsgType>"),
		"crossed": "<xml><a><b></a></b></xml>", "open CDATA": "<xml><![CDATA[a]]</xml>", "open tag": "<xml><a", "open comment": "<xml><!-- a</xml>", "closed only": "</xml>",
		"no end": strings.TrimSuffix(xmlPush("<MsgType>text</MsgType>"), "</xml>"), "no name": "<xml><></></xml>", "tag in a tag": "<xml><a<b></a></xml>", "open entity": "<xml><a>a & b</a></xml>", "entity": "<xml><a>&nbsp;</a></xml>", "entity beyond": "<xml><a>&#x110000;</a></xml>", "surrogate": "<xml><a>&#xD800;</a></xml>",
		"DTD": "<!DOCTYPE xml>" + xmlPush("<MsgType>text</MsgType>"), "element": "<xml><!ELEMENT a></xml>",
		"no time":    "<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><MsgType>text</MsgType></xml>",
		"no sender":  "<xml><ToUserName>a</ToUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
		"no account": "<xml><FromUserName>a</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
		"no type":    xmlPush(""), "time is a word": "<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>x</CreateTime><MsgType>text</MsgType></xml>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := callback.Parse([]byte(text))
			assert.ErrorIs(t, err, callback.ErrMalformed)
		})
	}
}

// What encoding/xml would refuse, users do send.
func TestStrangeTexts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"control characters": {"<![CDATA[a\x00\x01\x1fb]]>", "a\x00\x01\x1fb"},
		"not UTF-8":          {"<![CDATA[a\xffb]]>", "a\uFFFDb"},
		"emoji":              {"<![CDATA[👍🏽]]>", "👍🏽"},
		"CDATA in pieces":    {"<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"},
		"white space kept":   {" a ", " a "},
		"comment":            {"a<!-- b -->c", "ac"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := callback.Parse([]byte("\ufeff<?xml version='1.0'?>" + xmlPush("<MsgType>text</MsgType><Content>"+tt.in+"</Content><MsgId>1</MsgId>")))
			require.NoError(t, err)
			assert.Equal(t, callback.Text{Text: tt.want}, p.Content)
		})
	}
}
