package aliyun

// Hint says what a person can do about it, in English and Chinese.
func (k FindingKind) Hint() (en, zh string) {
	switch k {
	case CORSMissing:
		return "add a response header rule for Access-Control-Allow-Origin", "请添加 Access-Control-Allow-Origin 出站响应头规则"
	case CORSDuplicated:
		return "delete the second rule, or turn 'duplicate' off so that the origin's header is replaced", "请删除重复规则，或关闭“允许重复”以覆盖源站的响应头"
	case CORSList:
		return "turn the check of the origin on: then the one that matches is sent", "请开启“跨域校验”，由节点返回匹配的域名"
	case CORSOtherOrigin:
		return "add this origin to the list", "请把该来源加入允许列表"
	case CORSStarCredentials:
		return "name the origins, or leave Access-Control-Allow-Credentials out", "携带 Cookie 时不能使用 *，请列出具体来源"
	case CORSNoCredentials:
		return "add Access-Control-Allow-Credentials: true, or do not send cookies", "请添加 Access-Control-Allow-Credentials: true，或不携带 Cookie"
	case CORSAnyOrigin:
		return "allow the origins that are yours, and no others", "请只允许自己的来源，不要回显任意 Origin"
	case CORSNoVary:
		return "add Vary: Origin, with 'duplicate' on so that the origin's own Vary stays", "请添加 Vary: Origin（开启“允许重复”以保留源站的 Vary）"
	case CORSPreflightRefused:
		return "have the CDN or the origin answer OPTIONS with 2xx and the CORS headers", "请让 CDN 或源站对 OPTIONS 请求返回 2xx 及跨域响应头"
	case CORSMethodMissing:
		return "add the method to Access-Control-Allow-Methods", "请在 Access-Control-Allow-Methods 中加入该方法"
	case CORSHeadersMissing:
		return "add the header to Access-Control-Allow-Headers: JSON needs Content-Type", "请在 Access-Control-Allow-Headers 中加入该请求头（JSON 需要 Content-Type）"
	case CORSLostOnStatus:
		return "send the header with every status, or scripts cannot tell an error from a broken network", "请让所有状态码都带上跨域响应头"
	case CORSOriginSends:
		return "let one of the two send it: the CDN, with 'duplicate' off, or the origin", "源站与 CDN 只应有一方返回跨域响应头"
	case CORSRedirected:
		return "probe the address that it leads to", "请检测跳转后的地址"
	}
	return "", ""
}
