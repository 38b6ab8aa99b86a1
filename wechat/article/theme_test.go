package article_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

func TestThemes(t *testing.T) {
	t.Parallel()
	themes := article.Themes()
	require.Len(t, themes, 3)
	assert.Equal(t, article.DefaultTheme(), themes[0])
	for _, theme := range themes {
		t.Run(theme.Name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, theme.Check())
			require.NoError(t, theme.CheckContrast(), "in both modes")
			for part, value := range reflect.ValueOf(theme).Fields() {
				assert.NotEmpty(t, value.String(), part.Name)
			}
			found, ok := article.ThemeNamed(strings.ToUpper(theme.Name))
			assert.True(t, ok)
			assert.Equal(t, theme, found)
		})
	}
	_, ok := article.ThemeNamed("none")
	assert.False(t, ok)
}

// Three characters and not three colours: without their colours they are still different in every large part.
func TestThemesDiffer(t *testing.T) {
	t.Parallel()
	themes := article.Themes()
	for _, part := range []string{"Article", "H1", "H2", "H3", "Paragraph", "Quote", "CodeBlock", "Table", "HeadCell", "Rule", "Notes"} {
		seen := map[string]string{}
		for _, theme := range themes {
			css := reflect.ValueOf(theme).FieldByName(part).String()
			var rest []string
			for decl := range strings.SplitSeq(css, ";") {
				if name, _, _ := strings.Cut(decl, ":"); name != "color" {
					rest = append(rest, decl)
				}
			}
			key := strings.Join(rest, ";")
			assert.Empty(t, seen[key], "%s of %s is that of %s", part, theme.Name, seen[key])
			seen[key] = theme.Name
		}
	}
}

func TestThemeCheck(t *testing.T) {
	t.Parallel()
	bad := article.Theme{Name: `"quotes" are fine here`, Paragraph: "font-family:'X'", Code: "position:absolute", Image: "background:url(x)"}
	err := bad.Check()
	require.ErrorIs(t, err, article.ErrStyle)
	for _, part := range []string{"Paragraph", "Code", "Image"} {
		require.ErrorContains(t, err, "theme: "+part)
	}
	d, err := article.Parse([]byte("x"))
	require.NoError(t, err)
	_, err = d.Render(article.RenderOptions{Theme: bad})
	require.ErrorIs(t, err, article.ErrStyle)
	require.ErrorIs(t, bad.CheckContrast(), article.ErrStyle)
}

// What cannot be read in one of the two modes is found, with the part's name and the mode.
func TestThemeCheckContrast(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*article.Theme)
		want   []string // nil = readable
	}{
		"nothing at all":              {func(t *article.Theme) { *t = article.Theme{Name: "bare"} }, nil},
		"light grey":                  {func(t *article.Theme) { t.Paragraph = "color:#aaa" }, []string{"paragraph: 2.3 in the light"}},
		"middle grey holds in none":   {func(t *article.Theme) { t.Caption = "color:#7d7d7d" }, []string{"caption: 4.1 in the light", "caption: 4.3 in the dark"}},
		"middle green":                {func(t *article.Theme) { t.Strong = "color:#2a7d67" }, []string{"strong: 3.5 in the dark"}},
		"the same, but large":         {func(t *article.Theme) { t.H1 = "font-size:24px;color:#2a7d67" }, nil},
		"the same, bold and less":     {func(t *article.Theme) { t.H2 = "font-size:19px;font-weight:bold;color:#2a7d67" }, nil},
		"white on a light box":        {func(t *article.Theme) { t.Quote = "background:#eef;color:#fff" }, []string{"quote: 1.1 in the light"}},
		"pure white behind a text":    {func(t *article.Theme) { t.Quote = "background:#fff;color:#333" }, []string{"<blockquote>: a background of pure white"}},
		"pure black behind a text":    {func(t *article.Theme) { t.CodeBlock = "background-color:black;color:#eee" }, []string{"<section>: a background of pure white or black"}},
		"a dark box keeps its text":   {func(t *article.Theme) { t.CodeBlock, t.Code = "background:#222831", "color:rgb(220,220,220)" }, nil},
		"a part inside another":       {func(t *article.Theme) { t.HeadCell, t.Link = "background:#1c3a77;color:#ffffff", "color:#1c3a77" }, []string{"link in a head cell: 1.0 in the light"}},
		"a link has WeChat's colour":  {func(t *article.Theme) { t.H2, t.Link = "background:#1c3a77;color:#ffffff", "font-weight:bold" }, []string{"article link in a heading: 2.1 in the light"}},
		"unless it has another":       {func(t *article.Theme) { t.H2, t.Link = "background:#1c3a77;color:#ffffff", "color:inherit" }, nil},
		"a text without its own":      {func(t *article.Theme) { t.Quote, t.Article = "background:#333333", "color:#3f3f3f" }, []string{"quote: 1.2 in the light"}},
		"a tint is no box of its own": {func(t *article.Theme) { t.Quote = "background:rgba(200,40,40,.08)" }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theme := article.Theme{Name: "ours", Article: "font-size:17px;color:#3f3f3f"}
			tt.change(&theme)
			require.NoError(t, theme.Check())
			err := theme.CheckContrast()
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, article.ErrContrast)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// The recolouring itself, at each of its thresholds: what the makers of the dark mode write, worked out by hand.
func TestDarkMode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ back, ink, wantBack, wantInk string }{
		"white becomes the page":              {"#ffffff", "", "rgb(25,25,25)", ""},
		"a light grey becomes a dark one":     {"#f0f0f0", "", "rgb(40,40,40)", ""},
		"a dark grey stays":                   {"#444444", "", "rgb(68,68,68)", ""},
		"black is raised":                     {"#000000", "", "rgb(56,56,56)", ""},
		"a bright colour is dimmed":           {"#ffff00", "", "rgb(214,214,0)", ""},
		"a colour stays":                      {"#2a7d67", "", "rgb(42,125,103)", ""},
		"a translucent one keeps its alpha":   {"rgba(127,127,127,.1)", "", "rgba(153,153,153,0.1)", ""},
		"a dark text turns light":             {"", "#404040", "", "rgb(163,163,163)"},
		"a white text stays":                  {"", "#ffffff", "", "rgb(255,255,255)"},
		"a light text is dimmed":              {"", "#dddddd", "", "rgb(163,163,163)"},
		"a middle text stays":                 {"", "#808080", "", "rgb(128,128,128)"},
		"a dark colour turns light":           {"", "#6e3c8c", "", "rgb(142,79,180)"},
		"a text too near is moved away":       {"", "#4040ff", "", "rgb(69,69,255)"},
		"on a bright ground a text is darker": {"#ffff00", "#dddddd", "rgb(214,214,0)", "rgb(8,8,8)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			back, ink := article.Dark(tt.back, tt.ink)
			assert.Equal(t, tt.wantBack, back)
			assert.Equal(t, tt.wantInk, ink)
		})
	}
}

func TestPureBackgroundIsNoted(t *testing.T) {
	t.Parallel()
	out := render(t, "a\n\n<p style=\"background:#fff;color:#333\">b</p>\n\n<p style=\"background:rgba(0,0,0,.1)\">c</p>")
	assert.Equal(t, []string{"line 3: a background of pure white or black is turned round by WeChat's dark mode, and the text on it may not be: use another shade or none"}, out.Notes)
}
