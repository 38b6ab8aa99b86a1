package vultr

import (
	"errors"
	"io/fs"
	"strings"
)

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// hintFor is what a person must do after a refusal.
func hintFor(status int, op string) string {
	switch status {
	case 401:
		return "the key is wrong, or this machine's address is not in the key's access list (Account, API, Access Control)"
	case 403:
		if action := action(op); action != "" {
			return "the key's user may lack the permission " + action
		}
		return "the key's user may not do this"
	}
	return ""
}

// action is the permission of an operation, in the platform's words, or "" where it is not documented (gateways).
func action(op string) string {
	verb, noun, _ := strings.Cut(op, "-")
	var family string
	switch {
	case strings.HasPrefix(noun, "block"):
		family = "storage.block."
	case strings.HasPrefix(noun, "vfs"):
		family = "storage.vfs."
	case strings.HasPrefix(noun, "object-storage"), strings.HasPrefix(noun, "bucket"):
		family = "storage.object."
	default:
		return ""
	}
	if verb == "regenerate" {
		return family + "RegenerateKeys"
	}
	if strings.Contains(noun, "bucket") || strings.Contains(noun, "attachment") { // what they need is not documented
		return ""
	}
	switch verb {
	case "create":
		return family + "Create"
	case "delete":
		return family + "Delete"
	case "list":
		return family + "List"
	case "get":
		return family + "Read"
	case "update", "attach", "detach":
		return family + "Update"
	}
	return ""
}
