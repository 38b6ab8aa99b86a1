package wechat_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/wechat"
)

// classOf is what each code means, written down a second time and by class, so that a slip in the package's table shows.
// A class of several letters is a code to which several apply.
func classOf() map[string][]int {
	run := func(from, to int, more ...int) []int {
		for code := from; code <= to; code++ {
			more = append(more, code)
		}
		return more
	}
	input := []int{
		40002, 40003, 40004, 40005, 40006, 40008, 40009, 40010, 40011, 40012, 40029, 40163, 42002, 42003, 41003, 41008, 40030,
		40031, 40032, 40033, 40035, 40038, 40039, 40037, 40048, 40054, 40055, 40050, 40051, 40117, 40060, 40066, 40113, 40114,
		40118, 40121, 40119, 40120, 40130, 40132, 40137, 40202, 40203, 41005, 41006, 41007, 41009, 41039, 43001, 43002, 43003,
		44001, 44002, 44003, 44004, 45001, 45002, 45003, 45004, 45005, 45006, 45007, 45008, 45010, 45016, 45017, 45018, 45056,
		45058, 45059, 45067, 45083, 45084, 45110, 45158, 47001, 49003, 53402, 53405, 61451, 61452, 61500, 61501, 76002, 76021,
	}
	input = append(input, run(40015, 40028)...)
	input = append(input, run(61453, 61457)...)
	input = append(input, run(65303, 65305, 65307, 65308)...)
	input = append(input, run(10170001, 10170003)...)
	return map[string][]int{
		"temporary":           {-1, 61450},
		"token":               {40001, 40014, 42001, 42007},
		"rate":                {45011, 45066, 53501, 9500002},
		"quota":               {45009},
		"mass quota":          {45028},
		"config":              {40013, 40125, 40164, 40201, 40243, 41001, 41002, 41004},
		"input":               input,
		"not found":           {40007, 40152, 45159, 46001, 46002, 46003, 46004, 53502, 53600, 65301, 65302, 76001, 76004},
		"duplicate":           {45065, 48005},
		"content":             {40155, 45166, 53503, 87009, 87014},
		"input, not found":    {40059},
		"duplicate, input":    {45157},
		"input, permission":   run(65309, 65317, 53404, 53406), // the account may not, and the field has to go
		"content, permission": {53505},
		"input, temporary":    run(9001001, 9001010),
		// 45015 and 45047 end when the user writes again, 48006 with the month: none of them at midnight, as ErrQuota would say.
		"permission": {
			43004, 43005, 43019, 45015, 45047, 45057, 45064, 48001, 48002, 48003, 48004, 48006, 48008, 50001, 50002, 50004, 50005,
			50007, 53500, 53504, 61007, 65306, 76003, 76022, 88000, 89503, 89506, 89507,
		},
	}
}

func TestEveryCodeHasItsClassAndBothHints(t *testing.T) {
	t.Parallel()
	all := kinds()
	seen := map[int]bool{}
	for want, codes := range classOf() {
		for _, code := range codes {
			assert.False(t, seen[code], "%d stands here twice", code)
			seen[code] = true
			e := &wechat.Error{Op: "draft/add", Code: code}
			var got []string
			for name, kind := range all {
				if errors.Is(e, kind) {
					got = append(got, name)
				}
			}
			assert.ElementsMatch(t, strings.Split(want, ", "), got, "class of %d", code)
			assert.NotEmpty(t, e.Hint("en"), "English hint of %d", code)
			assert.NotRegexp(t, `\p{Han}{8}`, e.Hint("en"), "English hint of %d", code)
			assert.Regexp(t, `\p{Han}`, e.Hint("zh"), "Chinese hint of %d", code)
			assert.Equal(t, e.Hint("zh"), e.Hint("zh-CN"))
			assert.Equal(t, 1, strings.Count(e.Error(), e.Hint("en")), "the hint of %d is in its text once", code)
		}
	}
	assert.Len(t, seen, 204, "all codes of the list")
	for _, code := range []int{0, 40016 - 1000, 40058, 65318, 65300, 9001011, 99999} {
		e := &wechat.Error{Op: "draft/add", Code: code, Msg: "new"}
		assert.Empty(t, e.Hint("en"), "%d", code)
		for name, kind := range all {
			assert.NotErrorIs(t, e, kind, "%d: %s", code, name)
		}
	}
}

// Trap 13: a verification that expired, and a personal account, look the same. The hint says so, and where to look.
func TestPermissionHintNamesTheReasonsAndTheConsole(t *testing.T) {
	t.Parallel()
	e := &wechat.Error{Op: "freepublish/submit", Code: 48001}
	for _, want := range []string{"personal and unverified", "verification expires", "drafts stay open", "https://developers.weixin.qq.com/console"} {
		assert.Contains(t, e.Hint("en"), want)
	}
	for _, want := range []string{"个人", "认证", "过期", "草稿箱仍可用", "https://developers.weixin.qq.com/console"} {
		assert.Contains(t, e.Hint("zh"), want)
	}
}
