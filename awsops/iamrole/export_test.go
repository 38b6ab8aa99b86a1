package iamrole

// Judge is judge, for its table and its fuzz test.
func Judge(text, principal string) string { return judge(text, principal) }

// SamePolicy is samePolicy.
func SamePolicy(a, b string) bool { return samePolicy(a, b) }
