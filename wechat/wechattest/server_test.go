package wechattest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pngBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))))
	return b.Bytes()
}

func jpegBytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)), nil))
	return b.Bytes()
}

func open(t *testing.T, opts wechattest.Options) (*wechattest.Server, *wechat.Client) {
	t.Helper()
	srv, err := wechattest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c, err := wechat.New(srv.Config())
	require.NoError(t, err)
	return srv, c
}

// post sends as a program would that does not use the package: nothing is checked and nothing mended.
func post(t *testing.T, srv *wechattest.Server, path, contentType string, body io.Reader) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/cgi-bin/"+path, body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", contentType)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	_ = json.Unmarshal(data, &answer) // 412 comes as HTML
	if resp.StatusCode == http.StatusOK {
		assert.Equal(t, "text/plain", resp.Header.Get("Content-Type"))
	}
	return resp.StatusCode, answer
}

// call sends JSON with a good token and returns the errcode, 0 for none.
func call(t *testing.T, srv *wechattest.Server, op, body string) int {
	t.Helper()
	c, err := wechat.New(srv.Config())
	require.NoError(t, err)
	tok, err := c.Token(t.Context())
	require.NoError(t, err)
	_, answer := post(t, srv, op+"?access_token="+tok.Value, "application/json", strings.NewReader(body))
	return errcode(answer)
}

func errcode(answer map[string]any) int {
	code, _ := answer["errcode"].(float64)
	return int(code)
}

func TestRefusesWhatThePlatformRefuses(t *testing.T) {
	t.Parallel()
	long := func(s string, n int) string { return strings.Repeat(s, n) }
	article := func(extra string) string {
		return `{"articles":[{"title":"标题","content":"<p>正文</p>","thumb_media_id":"FakeMaterial_000001"` + extra + `}]}`
	}
	mass := func(filter, rest string) string {
		return `{"filter":` + filter + `,"msgtype":"text","text":{"content":"你好"}` + rest + `}`
	}
	for name, tt := range map[string]struct {
		op, body string
		want     int
	}{
		"a good draft":             {op: "draft/add", body: article("")},
		"escapes in a title":       {op: "draft/add", body: article(`,"title":"\u4e2d"`), want: 40033},
		"a backslash and a u":      {op: "draft/add", body: article(`,"author":"a\\u4e2d"`)},
		"invalid UTF-8":            {op: "draft/add", body: article(`,"author":"` + "\xff" + `"`), want: 47001},
		"byte order mark":          {op: "draft/add", body: "\ufeff" + article(""), want: 47001},
		"no JSON":                  {op: "draft/add", body: `{"articles":`, want: 47001},
		"empty body":               {op: "draft/add", want: 44002},
		"no articles":              {op: "draft/add", body: `{"articles":[]}`, want: 44003},
		"nine articles":            {op: "draft/add", body: `{"articles":[{},{},{},{},{},{},{},{},{}]}`, want: 45008},
		"long title":               {op: "draft/add", body: article(`,"title":"` + long("字", 33) + `"`), want: 45003},
		"long author":              {op: "draft/add", body: article(`,"author":"` + long("字", 17) + `"`), want: 45110},
		"long digest":              {op: "draft/add", body: article(`,"digest":"` + long("字", 129) + `"`), want: 45004},
		"long content":             {op: "draft/add", body: article(`,"content":"` + long("a", 1<<20) + `"`), want: 45002},
		"bad source":               {op: "draft/add", body: article(`,"content_source_url":"nothing"`), want: 41039},
		"temporary cover":          {op: "draft/add", body: article(`,"thumb_media_id":"temporary"`), want: 40007},
		"bad crop":                 {op: "draft/add", body: article(`,"pic_crop_1_1":"0_0_2_1"`), want: 53402},
		"newspic without pictures": {op: "draft/add", body: article(`,"article_type":"newspic"`), want: 40035},
		"newspic, unknown picture": {op: "draft/add", body: article(`,"article_type":"newspic","image_info":{"image_list":[{"image_media_id":"x"}]}`), want: 40007},
		"newspic, numeric crop":    {op: "draft/add", body: article(`,"article_type":"newspic","image_info":{"image_list":[{"image_media_id":"FakeMaterial_000001"}]},"cover_info":{"crop_percent_list":[{"ratio":"1_1","x1":0,"y1":"0","x2":"1","y2":"1"}]}`), want: 47001},
		"newspic, no such ratio":   {op: "draft/add", body: article(`,"article_type":"newspic","image_info":{"image_list":[{"image_media_id":"FakeMaterial_000001"}]},"cover_info":{"crop_percent_list":[{"ratio":"4_3","x1":"0","y1":"0","x2":"1","y2":"1"}]}`), want: 53402},
		"newspic, no such product": {op: "draft/add", body: article(`,"article_type":"newspic","image_info":{"image_list":[{"image_media_id":"FakeMaterial_000001"}]},"product_info":{"footer_product_info":{"product_key":"x"}}`), want: 53405},
		"crop of nothing":          {op: "draft/add", body: article(`,"pic_crop_1_1":"0.5_0_0.5_1"`), want: 53402},
		"crop of seven decimals":   {op: "draft/add", body: article(`,"pic_crop_1_1":"0.1234567_0_1_1"`), want: 53402},
		"update with an array":     {op: "draft/update", body: `{"media_id":"FakeDraft_000003","index":0,"articles":[{}]}`, want: 47001},
		"update of another index":  {op: "draft/update", body: `{"media_id":"FakeDraft_000003","index":1,"articles":{}}`, want: 40114},
		"update of no draft":       {op: "draft/update", body: `{"media_id":"x","index":0,"articles":{}}`, want: 40007},
		"count above 20":           {op: "draft/batchget", body: `{"offset":0,"count":21}`, want: 40035},
		"a type of no material":    {op: "material/batchget_material", body: `{"type":"thumb","offset":0,"count":20}`, want: 40004},
		"unknown publish_id":       {op: "freepublish/get", body: `{"publish_id":"1"}`, want: 53502},
		"unknown article_id":       {op: "freepublish/delete", body: `{"article_id":"x"}`, want: 53600},
		"unknown draft":            {op: "freepublish/submit", body: `{"media_id":"x"}`, want: 40007},
		"mass to everyone":         {op: "message/mass/sendall", body: mass(`{"is_to_all":true}`, "")},
		"is_to_all as string":      {op: "message/mass/sendall", body: mass(`{"is_to_all":"true"}`, ""), want: 40008},
		"tag_id as string":         {op: "message/mass/sendall", body: mass(`{"is_to_all":false,"tag_id":"2"}`, ""), want: 40008},
		"no filter":                {op: "message/mass/sendall", body: mass(`null`, ""), want: 40008},
		"empty filter":             {op: "message/mass/sendall", body: mass(`{}`, ""), want: 40008},
		"unknown tag":              {op: "message/mass/sendall", body: mass(`{"is_to_all":false,"tag_id":77}`, ""), want: 40152},
		"long clientmsgid":         {op: "message/mass/sendall", body: mass(`{"is_to_all":true}`, `,"clientmsgid":"`+long("k", 33)+`"`), want: 45067},
		"image, singular":          {op: "message/mass/sendall", body: `{"filter":{"is_to_all":true},"msgtype":"image","image":{"media_id":"FakeMaterial_000001"}}`, want: 40008},
		"video, not mpvideo":       {op: "message/mass/sendall", body: `{"filter":{"is_to_all":true},"msgtype":"video","video":{"media_id":"x"}}`, want: 40008},
		"empty text":               {op: "message/mass/sendall", body: `{"filter":{"is_to_all":true},"msgtype":"text","text":{"content":""}}`, want: 44004},
		"one OpenID":               {op: "message/mass/send", body: `{"touser":["oFakeFollower0001"],"msgtype":"text","text":{"content":"a"}}`, want: 40130},
		"a stranger":               {op: "message/mass/send", body: `{"touser":["oFakeFollower0001","o"],"msgtype":"text","text":{"content":"a"}}`, want: 40003},
		"images in a preview":      {op: "message/mass/preview", body: `{"touser":"oFakeFollower0001","msgtype":"image","images":{"media_ids":["FakeMaterial_000001"]}}`, want: 40008},
		"delete of no send":        {op: "message/mass/delete", body: `{"msg_id":1}`, want: 40059},
		"delete of no address":     {op: "message/mass/delete", body: `{"url":""}`, want: 40059},
		"speed 5":                  {op: "message/mass/speed/set", body: `{"speed":5}`, want: 45083},
		"speed as string":          {op: "message/mass/speed/set", body: `{"speed":"1"}`, want: 45083},
		"no speed":                 {op: "message/mass/speed/set", body: `{}`, want: 45084},
		"no such publication":      {op: "freepublish/getarticle", body: `{"article_id":"x"}`, want: 53600},
		"quota of no API":          {op: "openapi/quota/get", body: `{"cgi_path":"draft/add"}`, want: 76021},
		"POST in place of GET":     {op: "draft/count", body: `{}`, want: 43001},
		"no such API":              {op: "draft/publish", body: `{}`, want: 40066},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, wechattest.Options{})
			m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", pngBytes(t)), nil)
			require.NoError(t, err)
			require.Equal(t, wechat.MediaID("FakeMaterial_000001"), m.ID)
			id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "a", Content: "b", Cover: m.ID})
			require.NoError(t, err)
			require.Equal(t, wechat.DraftID("FakeDraft_000003"), id)
			assert.Equal(t, tt.want, call(t, srv, tt.op, tt.body))
		})
	}
}

func TestRefusesUploads(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string // "" = a field without a file name
		data []byte
		want int
	}{
		"good":                    {file: "a.png", data: pngBytes(t)},
		"no file name":            {data: pngBytes(t), want: 41005},
		"no extension":            {file: "a", data: pngBytes(t), want: 40113},
		"upper-case extension":    {file: "a.PNG", data: pngBytes(t), want: 40113},
		"extension not taken":     {file: "a.gif", data: pngBytes(t), want: 40005},
		"content of another type": {file: "a.png", data: jpegBytes(t), want: 40005},
		"no picture":              {file: "a.png", data: []byte("hello"), want: 40137},
		"empty":                   {file: "a.png", want: 44001},
		"too large":               {file: "a.png", data: append(pngBytes(t), make([]byte, 1<<20)...), want: 40009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, wechattest.Options{})
			tok, err := c.Token(t.Context())
			require.NoError(t, err)
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreateFormField("media")
			if tt.file != "" {
				body.Reset()
				form = multipart.NewWriter(&body)
				part, err = form.CreateFormFile("media", tt.file)
			}
			require.NoError(t, err)
			_, err = part.Write(tt.data)
			require.NoError(t, err)
			require.NoError(t, form.Close())
			_, answer := post(t, srv, "media/uploadimg?access_token="+tok.Value, form.FormDataContentType(), &body)
			assert.Equal(t, tt.want, errcode(answer))
			if tt.want == 0 {
				assert.NotContains(t, answer, "errcode", "absent on success")
			} else {
				assert.Regexp(t, ` rid: \S+$`, answer["errmsg"])
			}
		})
	}
}

func TestRefusesChunkedBodies(t *testing.T) {
	t.Parallel()
	srv, c := open(t, wechattest.Options{})
	tok, err := c.Token(t.Context())
	require.NoError(t, err)
	status, _ := post(t, srv, "draft/add?access_token="+tok.Value, "application/json", io.MultiReader(strings.NewReader(`{"articles":[]}`)))
	assert.Equal(t, http.StatusPreconditionFailed, status)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	srv, _ := open(t, wechattest.Options{Now: func() time.Time { return now }})
	ask := func(appID, secret string) map[string]any {
		_, answer := post(t, srv, "stable_token", "application/json",
			strings.NewReader(fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q}`, appID, secret)))
		return answer
	}
	good := srv.Config()
	assert.Equal(t, 40013, errcode(ask("wx", good.Secret)))
	assert.Equal(t, 40001, errcode(ask(good.AppID, "wrong")))
	srv.RefuseIP("203.0.113.7")
	refused := ask(good.AppID, good.Secret)
	assert.Equal(t, 40164, errcode(refused))
	assert.Contains(t, refused["errmsg"], "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist")
	srv.RefuseIP("")

	first := ask(good.AppID, good.Secret)
	assert.InDelta(t, 7200, first["expires_in"], 0)
	now = now.Add(time.Hour)
	again := ask(good.AppID, good.Secret)
	assert.Equal(t, first["access_token"], again["access_token"], "normal mode gives the same one")
	assert.InDelta(t, 3600, again["expires_in"], 0)
	now = now.Add(56 * time.Minute)
	next := ask(good.AppID, good.Secret)
	assert.NotEqual(t, first["access_token"], next["access_token"], "renewed 5 min before the end")
	use := func(token any) int {
		_, answer := post(t, srv, fmt.Sprintf("draft/batchget?access_token=%v", token), "application/json", strings.NewReader(`{"offset":0,"count":1}`))
		return errcode(answer)
	}
	assert.Zero(t, use(first["access_token"]), "both are good for those 5 minutes")
	assert.Zero(t, use(next["access_token"]))
	now = now.Add(5 * time.Minute)
	assert.Equal(t, 42001, use(first["access_token"]))
	assert.Equal(t, 40001, use("foreign"))
	assert.Equal(t, 41001, use(""))
	srv.RevokeTokens()
	assert.Equal(t, 40001, use(next["access_token"]))
}

func TestKindsOfAccounts(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, c *wechat.Client, to wechat.Audience, text string) (*wechat.MassJob, error) {
		t.Helper()
		p, err := c.PlanMass(t.Context(), to, wechat.Text{Content: text}, nil)
		require.NoError(t, err)
		return p.Send(t.Context())
	}
	t.Run("subscription: one a day", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
		srv, c := open(t, wechattest.Options{Kind: wechattest.Subscription, Now: func() time.Time { return now }})
		srv.FailNextMass(wechat.MassFailed)
		_, err := send(t, c, wechat.ToEveryone(), "0")
		require.NoError(t, err)
		now = now.Add(time.Second)
		_, err = send(t, c, wechat.ToEveryone(), "1")
		require.NoError(t, err, "one that failed does not count")
		_, err = send(t, c, wechat.ToEveryone(), "2")
		require.ErrorIs(t, err, wechat.ErrMassQuota)
		_, err = send(t, c, wechat.ToOpenIDs("oFakeFollower0001", "oFakeFollower0002"), "3")
		require.ErrorIs(t, err, wechat.ErrPermission)
		now = now.Add(24 * time.Hour)
		_, err = send(t, c, wechat.ToEveryone(), "4")
		require.NoError(t, err)
	})
	t.Run("service: four a month to each", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)
		srv, c := open(t, wechattest.Options{Now: func() time.Time { return now }})
		for n := range 5 {
			job, err := send(t, c, wechat.ToTag(101), fmt.Sprint(n))
			require.NoError(t, err, "the job is accepted")
			now = now.Add(time.Second)
			s, err := job.Poll(t.Context())
			require.NoError(t, err)
			assert.Equal(t, n < 4, s.Status == wechat.MassSent, "send %d: %s", n, s.Status)
		}
		job, err := send(t, c, wechat.ToEveryone(), "all")
		require.NoError(t, err)
		now = now.Add(time.Second)
		s, err := job.Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, wechat.MassSent, s.Status)
		jobs := srv.MassJobs()
		assert.Len(t, jobs[5].Sent, 5, "those who had none yet")
		assert.Len(t, jobs[5].Total, 8)
	})
	t.Run("sixty a minute", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)
		_, c := open(t, wechattest.Options{Now: func() time.Time { return now }})
		for n := range 60 {
			_, err := send(t, c, wechat.ToTag(2), fmt.Sprint(n))
			require.NoError(t, err)
		}
		_, err := send(t, c, wechat.ToTag(2), "more")
		require.ErrorIs(t, err, wechat.ErrRateLimited)
	})
	t.Run("unverified", func(t *testing.T) {
		t.Parallel()
		_, c := open(t, wechattest.Options{Verified: new(false)})
		_, err := c.Tags(t.Context())
		require.ErrorIs(t, err, wechat.ErrPermission)
		p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "a"}, nil)
		require.NoError(t, err)
		assert.Nil(t, p.Receivers)
		assert.Equal(t, new(0), p.CallsLimit)
		_, err = p.Send(t.Context())
		require.ErrorIs(t, err, wechat.ErrPermission)
	})
}

func TestRewritesArticlesInSilence(t *testing.T) {
	t.Parallel()
	const mm = "https://mmbiz.qpic.cn/mmbiz_png/a/0"
	for name, tt := range map[string]struct{ in, want string }{
		"kept as it is":     {in: `<section style="color:red">a &amp; b &lt;</section>`, want: `<section style="color:red">a &amp; b &lt;</section>`},
		"script":            {in: `a<script>alert("<p>")</script>b`, want: `ab`},
		"style element":     {in: `<style>p{color:red}</style><p>a</p>`, want: `<p>a</p>`},
		"class and id":      {in: `<p class="a" id=b style="c:d">e</p>`, want: `<p style="c:d">e</p>`},
		"handlers":          {in: `<p onclick="x()">a</p>`, want: `<p>a</p>`},
		"entity in a style": {in: `<p style="font-family:&#39;PingFang&#39;">a</p>`, want: `<p style="">a</p>`},
		"quotes in a style": {in: `<p style="font-family:'PingFang'">a</p>`, want: `<p style="font-family:'PingFang'">a</p>`},
		"position":          {in: `<p style="position:fixed;color:red">a</p>`, want: `<p style="color:red">a</p>`},
		"picture":           {in: `<img src="` + mm + `" alt="a"/>`, want: `<img src="` + mm + `" alt="a"/>`},
		"foreign picture":   {in: `a<img src="https://example.com/a.png">b`, want: `ab`},
		"outside link":      {in: `<a href="https://example.com">a</a>`, want: `a`},
		"inside link":       {in: `<a href="https://mp.weixin.qq.com/s/x">a</a>`, want: `<a href="https://mp.weixin.qq.com/s/x">a</a>`},
		"div":               {in: `<div style="color:red">a</div>`, want: `<p>a</p>`},
		"comment":           {in: `a<!-- b -->c`, want: `ac`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, wechattest.Options{})
			m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("a.png", pngBytes(t)), nil)
			require.NoError(t, err)
			body, err := json.Marshal(tt.in)
			require.NoError(t, err)
			raw := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(body))
			require.Zero(t, call(t, srv, "draft/add", `{"articles":[{"title":"a","thumb_media_id":"`+string(m.ID)+`","content":`+raw+`}]}`))
			assert.Equal(t, tt.want, srv.Drafts()[0].Articles[0].Content)
		})
	}
}

func TestFollowersPages(t *testing.T) {
	t.Parallel()
	many := make([]wechat.OpenID, 10_001)
	for i := range many {
		many[i] = wechat.OpenID(fmt.Sprintf("o%05d", i))
	}
	srv, c := open(t, wechattest.Options{Followers: many})
	tok, err := c.Token(t.Context())
	require.NoError(t, err)
	get := func(next string) map[string]any {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/cgi-bin/user/get?access_token="+tok.Value+"&next_openid="+next, nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		var out map[string]any
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
		return out
	}
	assert.InDelta(t, 10_000, get("")["count"], 0)
	assert.InDelta(t, 1, get("o09999")["count"], 0)
	last := get("o10000")
	assert.InDelta(t, 0, last["count"], 0)
	assert.NotContains(t, last, "data", "trap 14")
}

func TestPicturesThatThereAreNot(t *testing.T) {
	t.Parallel()
	srv, _ := open(t, wechattest.Options{})
	for _, url := range []string{"https://mmbiz.qpic.cn/mmbiz_png/none/0", srv.URL + "/somewhere"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	}
}

// The server is an http.Handler too, for a port of one's own.
func TestServesAsHandler(t *testing.T) {
	t.Parallel()
	srv, _ := open(t, wechattest.Options{})
	var _ http.Handler = srv
	cfg := srv.Config()
	cfg.BaseURL = "https://sh.api.weixin.qq.com" // every host ends here
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	_, err = c.DraftCount(t.Context())
	require.NoError(t, err)
}
