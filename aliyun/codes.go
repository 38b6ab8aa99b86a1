package aliyun

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verdict is what a code means: its kinds, the main one first, and what a person must do.
type verdict struct {
	kinds  []error
	en, zh string
}

// judgeCode maps a code to its meaning: exactly first, then by prefix. The isv. and isp. codes are the platform's
// (help.aliyun.com/document_detail/101346 and 101347, read 2026-11); the codes of the gateway, of DNS and of domains, and the
// assignment to kinds are unverified. A code that is not known has no kind.
func judgeCode(code string) verdict {
	switch code {
	case "isv.BUSINESS_LIMIT_CONTROL", "BUSINESS_LIMIT_CONTROL_MINUTE", "isv.BUSINESS_LIMIT_HOUR", "isv.BUSINESS_LIMIT_DAY":
		return verdict{[]error{ErrRateLimited}, numberHint, numberHintZH}
	case "Throttling", "Throttling.User", "Throttling.Api":
		return throttled()
	case "isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE":
		return verdict{[]error{ErrQuota}, "the balance is used up: recharge the account", "账户余额不足，请充值"}
	case "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL":
		return verdict{
			[]error{ErrQuota},
			"the sending limit of the account is used up: raise it in the console",
			"已达到账户的发送上限，请在控制台调整",
		}
	case "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive":
		return verdict{[]error{ErrAuth}, "the AccessKey does not exist or is disabled", "AccessKey 不存在或已停用"}
	case "SignatureDoesNotMatch", "IncompleteSignature":
		return verdict{[]error{ErrAuth}, "the AccessKeySecret is not the one of this AccessKeyID", "AccessKeySecret 与 AccessKeyID 不匹配"}
	case "InvalidTimeStamp.Expired", "InvalidTimeStamp.Format":
		return verdict{[]error{ErrAuth}, "set the clock of this machine: it may be off by 15 minutes at most", "请校准本机时间，误差不得超过 15 分钟"}
	case "SignatureNonceUsed":
		return verdict{[]error{ErrAuth}, "the request was repeated below this client, by a proxy for instance", "请求被重复提交，请检查代理"}
	case "InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed":
		return verdict{[]error{ErrAuth}, "the temporary key is over: ask for a new one", "临时凭证（STS）已失效，请重新获取"}
	case "isp.RAM_PERMISSION_DENY", "isv.RAM_CHECK_FAILED":
		return forbidden()
	case "isv.DENY_IP_RANGE":
		return verdict{
			[]error{ErrAuth},
			"this source address may not send: domestic messages must be sent from the mainland",
			"源 IP 不在允许范围：国内短信需从中国内地发送",
		}
	case "isv.SMS_SIGNATURE_ILLEGAL", "isv.SIGN_STATE_ILLEGAL", "isv.SMS_SIGN_ILLEGAL", "isv.SMS_SIGNATURE_SCENE_ILLEGAL":
		return verdict{
			[]error{ErrConfig},
			"check the sign in the console: approved, of this account, fit for the template's type; registration with the carriers takes 5 to 10 working days",
			"请在控制台检查签名：已审核通过、属于本账号、与模板类型匹配；运营商实名报备需 5–10 个工作日",
		}
	case "isv.SMS_TEMPLATE_ILLEGAL":
		return verdict{[]error{ErrConfig}, templateHint, templateHintZH}
	case "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE":
		return verdict{[]error{ErrConfig}, "open the SMS product in the console", "请在控制台开通短信服务"}
	case "isv.EXTEND_CODE_ERROR":
		return verdict{[]error{ErrConfig}, "the ExtendCode is not one that this account may use", "扩展码错误，请确认账户已开通扩展码"}
	case "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL":
		return verdict{[]error{ErrConfig}, "look at the state of the account in the console", "账户异常，请在控制台检查账户状态"}
	case "isv.DOMESTIC_NUMBER_NOT_SUPPORTED":
		return verdict{[]error{ErrConfig}, "an international template cannot be sent to the mainland", "国际/港澳台模板不支持发送境内号码"}
	case "isv.CUSTOMER_REFUSED":
		return verdict{[]error{ErrConfig}, "the receiver has unsubscribed", "用户已退订该推广短信"}
	case "isv.PARAM_NOT_SUPPORT_URL":
		return verdict{[]error{ErrInput}, "a template parameter holds a URL or an address", "模板变量中不能包含网址或 IP"}
	case "isv.INVALID_JSON_PARAM":
		return verdict{[]error{ErrInput}, "template parameters must be strings", "模板变量必须为字符串"}
	case "isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT":
		return verdict{[]error{ErrInput}, "check the phones: 1 to 1000 mobiles, of the kind that the template is for", "请检查手机号码：最多 1000 个，且与模板类型匹配"}
	case "isv.TEMPLATE_MISSING_PARAMETERS":
		return verdict{[]error{ErrInput}, "give every variable of the template, spelled as in its text", "模板变量缺失，请按模板内容补全变量"}
	case "isv.PARAM_LENGTH_LIMIT":
		return verdict{[]error{ErrInput}, "shorten the template parameters", "模板变量超出长度限制，请缩短"}
	case "isv.INVALID_PARAMETERS", "isv.TEMPLATE_PARAMS_ILLEGAL":
		return verdict{[]error{ErrInput}, "check the parameters of the call and of the template", "请检查请求参数与模板变量的格式"}
	case "isv.BLACK_KEY_CONTROL_LIMIT", "isv.SMS_CONTENT_ILLEGAL":
		return verdict{[]error{ErrContent}, "the text holds a word that is not allowed", "短信内容含有违禁词"}
	case "DomainRecordDuplicate", "DomainRecordConflict":
		return verdict{[]error{ErrConflict}, "a record that is there already excludes it", "已存在冲突或重复的解析记录"}
	case "DomainRecordLocked", "DomainForbidden", "RecordForbidden.DNSChange":
		return verdict{[]error{ErrLocked}, lockedHint, lockedHintZH}
	case "Domain.Configuring", "DomainInConfiguring":
		return verdict{[]error{ErrConflict}, "the domain is being configured: try again in some minutes", "域名正在配置中，请稍后再试"}
	case "IncorrectDomainUser", "DomainRecordNotBelongToUser":
		return notThere()
	case "isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "ServiceUnavailable", "InternalError":
		return verdict{kinds: []error{ErrTemporary}}
	}
	switch {
	case strings.HasPrefix(code, "Throttling"):
		return throttled()
	case strings.HasPrefix(code, "Forbidden."):
		return forbidden()
	case strings.HasPrefix(code, "InvalidAction"), strings.HasPrefix(code, "InvalidVersion"):
		return verdict{kinds: []error{ErrInput}}
	case strings.HasSuffix(code, ".NoExist"), strings.HasSuffix(code, "NotFound"), strings.HasSuffix(code, "NotExist"):
		return notThere()
	case strings.HasPrefix(code, "QuotaExceeded"):
		return verdict{[]error{ErrQuota}, "a limit of this edition of the product is reached", "已达到当前版本的限额"}
	case strings.HasPrefix(code, "Missing"), strings.HasPrefix(code, "Invalid"):
		return verdict{kinds: []error{ErrInput}}
	}
	return verdict{}
}

const (
	templateHint   = "check the template in the console: approved, and of this account"
	templateHintZH = "请在控制台检查模板：已审核通过且属于本账号"
)

// advise gives a hint by kind to an error that has none by its code.
func (e *Error) advise() {
	if e.Hint != "" {
		return
	}
	switch {
	case e.Is(ErrUnknownOutcome):
		e.Hint, e.HintZH = "do not repeat the call before you have looked what became of it", "请先查询结果，切勿直接重试"
	case e.Is(ErrThrottled):
		e.Hint, e.HintZH = throttled().en, throttled().zh
	case e.Is(ErrRateLimited):
		e.Hint, e.HintZH = numberHint, numberHintZH
	case e.Is(ErrTemporary):
		e.Hint, e.HintZH = "the network or the platform failed: try again later", "网络或平台暂时异常，请稍后再试"
	case e.Is(ErrAuth):
		e.Hint, e.HintZH = "check where the AccessKey comes from", "请检查 AccessKey 的来源"
	case e.Is(ErrLocked):
		e.Hint, e.HintZH = lockedHint, lockedHintZH
	case e.Is(ErrTaskFailed):
		e.Hint, e.HintZH = "see to the reason and order the task again: nothing waits for it any more", "请处理失败原因后重新提交任务"
	case e.Is(ErrConflict):
		e.Hint, e.HintZH = "look at what is there, and decide which of the two is right", "请核对现有状态后再决定"
	case e.Is(fs.ErrNotExist):
		e.Hint, e.HintZH = notThere().en, notThere().zh
	case e.Is(ErrInput):
		e.Hint, e.HintZH = "correct what is named here: the call had no effect", "请修正所列参数；本次调用未生效"
	case e.Code != "":
		e.Hint, e.HintZH = "look the code up in the platform's list of error codes", "请在阿里云错误码列表中查询该错误码"
	}
}

const (
	numberHint   = "the number has had its share of this window; the limits can be raised in the console"
	numberHintZH = "该号码触发流控，请等待窗口结束；限额可在控制台调整"
)

const (
	lockedHint   = "take the lock off first, and put it on again afterwards"
	lockedHintZH = "请先解除锁定，完成后再恢复"
)

func notThere() verdict {
	return verdict{[]error{fs.ErrNotExist}, "it is not there, or not in this account", "不存在，或不属于本账号"}
}

func throttled() verdict {
	return verdict{[]error{ErrThrottled}, "too many calls a second on this account", "账号调用频率过高"}
}

func forbidden() verdict {
	return verdict{
		[]error{ErrAuth, fs.ErrPermission},
		"grant the RAM user this call: AliyunDysmsFullAccess for text messages, AliyunDNSFullAccess for DNS, AliyunDomainFullAccess for domains, or a narrower policy",
		"请为该 RAM 用户授权：短信 AliyunDysmsFullAccess、解析 AliyunDNSFullAccess、域名 AliyunDomainFullAccess，或更小的权限策略",
	}
}

// is reports whether the verdict is of this kind.
func (v verdict) is(kind error) bool { return slices.Contains(v.kinds, kind) }

var permitsPattern = regexp.MustCompile(`(?i)permits:\s*(\d+)`)

// flowControl reads the window and its share out of a code and its message, "触发分钟级流控Permits:1". The level is not said
// anywhere else for domestic numbers.
func flowControl(code, message string) (level Level, permits int) {
	switch {
	case code == "BUSINESS_LIMIT_CONTROL_MINUTE", strings.Contains(message, "分钟"):
		level = Minute
	case code == "isv.BUSINESS_LIMIT_HOUR", strings.Contains(message, "小时"):
		level = Hour
	case code == "isv.BUSINESS_LIMIT_DAY", strings.Contains(message, "天"):
		level = Day
	}
	if m := permitsPattern.FindStringSubmatch(message); m != nil {
		permits, _ = strconv.Atoi(m[1]) // too many digits: not said
	}
	return level, permits
}

// beijing is UTC+8 without a time zone database: there has been no daylight saving time since 1991.
func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// until is how long the window stays closed from now. Minute and hour end with the calendar's. The day ends 24 hours
// after its oldest counted send, which only the sender knows: 24 hours are the upper bound.
func (l Level) until(now time.Time) time.Duration {
	now = now.In(beijing())
	switch l {
	case Minute:
		return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	case Hour:
		return now.Truncate(time.Hour).Add(time.Hour).Sub(now) // UTC+8 is off by whole hours
	case Day:
		return 24 * time.Hour
	}
	return 0
}
