package r2admin

import "strings"

// OpClass is what an operation is billed as.
type OpClass string

// The classes.
const (
	ClassA       OpClass = "A"    // mostly what changes something, and lists
	ClassB       OpClass = "B"    // mostly what reads
	ClassFree    OpClass = "free" // deletes and aborts
	ClassUnknown OpClass = ""     // the pricing page does not name it
)

// OperationClass says what an operation of the S3 API is billed as, by its name as in S3 ("PutObject"), in whatever case, or
// as on Cloudflare's pricing page ("PutBucket"). Where the two names differ, both are known. DeleteObjects is not on the page; it is
// taken for as many DeleteObject (unverified). What neither names is [ClassUnknown], which is not free.
//
// Source: developers.cloudflare.com/r2/pricing (read 2026-11).
func OperationClass(op string) OpClass {
	switch strings.ToLower(op) {
	case "listbuckets", "putbucket", "createbucket", "listobjects", "listobjectsv2", "putobject", "copyobject", "completemultipartupload",
		"createmultipartupload", "lifecyclestoragetiertransition", "listmultipartuploads", "uploadpart", "uploadpartcopy", "listparts",
		"putbucketencryption", "putbucketcors", "putbucketlifecycleconfiguration":
		return ClassA
	case "headbucket", "headobject", "getobject", "usagesummary", "getbucketencryption", "getbucketlocation", "getbucketcors",
		"getbucketlifecycleconfiguration":
		return ClassB
	case "deleteobject", "deleteobjects", "deletebucket", "abortmultipartupload":
		return ClassFree
	}
	return ClassUnknown
}

// Count adds n operations of a name to the usage. False: the name is not known, and nothing was added.
func (u *ClassUsage) Count(op string, n int64) bool {
	switch OperationClass(op) {
	case ClassA:
		u.ClassA += n
	case ClassB:
		u.ClassB += n
	case ClassFree:
	case ClassUnknown:
		return false
	}
	return true
}
