// Package callback
package callback
