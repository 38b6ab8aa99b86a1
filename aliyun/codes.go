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
// (help.aliyun.com/document_detail/101346 and 101347, read 2026-11); the codes of the gateway and the assignment to
// kinds are unverified. A code that is not known has no kind.
func judgeCode(code string) verdict {
	switch code {
	case "isv.BUSINESS_LIMIT_CONTROL", "BUSINESS_LIMIT_CONTROL_MINUTE", "isv.BUSINESS_LIMIT_HOUR", "isv.BUSINESS_LIMIT_DAY":
		return verdict{
			[]error{ErrRateLimited},
			"the number has had its share of this window; the limits can be raised in the console",
			"该号码触发流控，请等待窗口结束；限额可在控制台调整",
		}
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
	case "SignatureNonceUsed", "InvalidSecurityToken.Expired", "InvalidSecurityToken.Malformed":
		return verdict{kinds: []error{ErrAuth}}
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
		return verdict{
			[]error{ErrConfig},
			"check the template in the console: approved, and of this account",
			"请在控制台检查模板：已审核通过且属于本账号",
		}
	case "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE":
		return verdict{[]error{ErrConfig}, "open the SMS product in the console", "请在控制台开通短信服务"}
	case "isv.EXTEND_CODE_ERROR", "isv.ACCOUNT_NOT_EXISTS", "isv.ACCOUNT_ABNORMAL", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "isv.CUSTOMER_REFUSED":
		return verdict{kinds: []error{ErrConfig}}
	case "isv.PARAM_NOT_SUPPORT_URL":
		return verdict{[]error{ErrInput}, "a template parameter holds a URL or an address", "模板变量中不能包含网址或 IP"}
	case "isv.INVALID_JSON_PARAM":
		return verdict{[]error{ErrInput}, "template parameters must be strings", "模板变量必须为字符串"}
	case "isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.TEMPLATE_MISSING_PARAMETERS", "isv.INVALID_PARAMETERS",
		"isv.PARAM_LENGTH_LIMIT", "isv.TEMPLATE_PARAMS_ILLEGAL":
		return verdict{kinds: []error{ErrInput}}
	case "isv.BLACK_KEY_CONTROL_LIMIT", "isv.SMS_CONTENT_ILLEGAL":
		return verdict{[]error{ErrContent}, "the text holds a word that is not allowed", "短信内容含有违禁词"}
	case "isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "ServiceUnavailable", "InternalError":
		return verdict{kinds: []error{ErrTemporary}}
	}
	switch {
	case strings.HasPrefix(code, "Throttling"):
		return throttled()
	case strings.HasPrefix(code, "Forbidden."):
		return forbidden()
	case strings.HasPrefix(code, "Missing"), strings.HasPrefix(code, "Invalid"):
		return verdict{kinds: []error{ErrInput}}
	}
	return verdict{}
}

func throttled() verdict {
	return verdict{[]error{ErrThrottled}, "too many calls a second on this account", "账号调用频率过高"}
}

func forbidden() verdict {
	return verdict{
		[]error{ErrAuth, fs.ErrPermission},
		"grant the user AliyunDysmsFullAccess, or the narrower policy of your choice",
		"请为该 RAM 用户授予 AliyunDysmsFullAccess 或更小的权限策略",
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
