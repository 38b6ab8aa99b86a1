package article

import (
	"errors"
	"fmt"
	"strings"
)

// checkStyle says why the platform would empty or strip a style attribute. An entity or a quote anywhere turns the whole
// attribute into style="" without a word (field experience, read 2026-11).
func checkStyle(s string) error {
	for decl := range strings.SplitSeq(s, ";") {
		if decl = strings.TrimSpace(decl); decl == "" {
			continue
		}
		if err := checkDeclaration(decl); err != nil {
			return err
		}
	}
	return nil
}

func checkDeclaration(decl string) error {
	if i := strings.IndexAny(decl, "\"'<>&\\{}@`"); i >= 0 {
		return fmt.Errorf("%q holds %q", clip(decl, 60), decl[i:i+1])
	}
	if strings.ContainsFunc(decl, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("control character")
	}
	name, value, ok := strings.Cut(decl, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	if !ok || strings.TrimSpace(value) == "" {
		return fmt.Errorf("%q is not property:value", clip(decl, 60))
	}
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" || strings.HasPrefix(name, "--") {
		return fmt.Errorf("%q is no property that survives", clip(name, 60))
	}
	if name == "position" || name == "behavior" || strings.HasPrefix(name, "-moz-binding") {
		return fmt.Errorf("%s is stripped", name)
	}
	low := strings.ToLower(value)
	for _, bad := range []string{"url(", "var(", "expression(", "javascript:", "/*", "attr("} {
		if strings.Contains(low, bad) {
			return fmt.Errorf("%q holds %q", clip(decl, 60), bad)
		}
	}
	return nil
}

// keepStyle is what survives of somebody else's style: the declarations that checkStyle would let pass. Quotes around
// font names go, everything else that does not survive goes with its whole declaration.
func keepStyle(s string) (kept string, lost bool) {
	var keep []string
	for decl := range strings.SplitSeq(s, ";") {
		decl = strings.Join(strings.Fields(decl), " ")
		if decl == "" {
			continue
		}
		if name, value, ok := strings.Cut(decl, ":"); ok {
			name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
			if strings.HasPrefix(name, "font") {
				value = strings.NewReplacer(`"`, "", "'", "").Replace(value)
			}
			decl = name + ":" + value
		}
		if checkDeclaration(decl) != nil {
			lost = true
			continue
		}
		keep = append(keep, decl)
	}
	return strings.Join(keep, ";"), lost
}
