package wechat

// What the tests need from inside.
var BlankTokens = blankTokens
