// Package article turns Markdown into an article of a WeChat Official Account.
package article
