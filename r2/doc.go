// Package r2 keeps objects in Cloudflare R2.
package r2
