package transfer

import "fmt"

// Step is a step of the move. They are done in this order; a [State] names the first that is not done.
type Step string

// The steps.
const (
	StepPreflight Step = "preflight" // what stands against it: age, expiry, statuses, price, real name
	StepZone      Step = "zone"      // make the hosted zone, or adopt one
	StepExport    Step = "export"    // read the records of the old zone
	StepMap       Step = "map"       // what they become, and the plan; everything that gets lost is acknowledged
	StepApply     Step = "apply"     // write the records
	StepVerify    Step = "verify"    // ask all name servers, old and new
	StepDNSSEC    Step = "dnssec"    // no DS at the parent
	StepFreeze    Step = "freeze"    // the old zone is still what was exported
	StepSwitch    Step = "switch"    // the registrar gets the new name servers
	StepPropagate Step = "propagate" // the parent has them, and what was cached has run out
	StepFiling    Step = "filing"    // the ICP filing: a statement by a person
	StepUnlock    Step = "unlock"    // lift the transfer lock, get a code
	StepCheck     Step = "check"     // the domain can be transferred, at this price
	StepTransfer  Step = "transfer"  // order it: money
	StepApprove   Step = "approve"   // let it go at once instead of in five days
	StepFinish    Step = "finish"    // it is here, with its name servers and its lock
	StepAfter     Step = "after"     // look again, keep the old zone for a while
	StepEnd       Step = "end"       // nothing left
)

// Steps are all steps but [StepEnd], in their order.
func Steps() []Step {
	return []Step{
		StepPreflight, StepZone, StepExport, StepMap, StepApply, StepVerify, StepDNSSEC, StepFreeze, StepSwitch,
		StepPropagate, StepFiling, StepUnlock, StepCheck, StepTransfer, StepApprove, StepFinish, StepAfter,
	}
}

// ParseStep is the step of that name.
func ParseStep(name string) (Step, error) {
	if s := Step(name); s.Number() >= 0 {
		return s, nil
	}
	return "", fmt.Errorf("transfer: there is no step %q", name)
}

// Number is the place of the step, from 0; -1 is no step.
func (s Step) Number() int {
	for i, step := range append(Steps(), StepEnd) {
		if step == s {
			return i
		}
	}
	return -1
}

func (s Step) next() Step {
	return append(Steps(), StepEnd)[min(s.Number()+1, len(Steps()))]
}

// Before reports whether the step comes before another.
func (s Step) Before(o Step) bool { return s.Number() < o.Number() }

// Title is the step in words, in English and Chinese.
func (s Step) Title() (en, zh string) {
	switch s {
	case StepPreflight:
		return "look at what stands against it", "检查转移条件"
	case StepZone:
		return "create the hosted zone", "创建托管区域"
	case StepExport:
		return "read the old zone", "导出解析记录"
	case StepMap:
		return "map the records and plan", "映射记录并生成计划"
	case StepApply:
		return "write the records", "写入记录"
	case StepVerify:
		return "compare old and new name servers", "对比新旧域名服务器"
	case StepDNSSEC:
		return "see to it that DNSSEC is off", "确认 DNSSEC 已关闭"
	case StepFreeze:
		return "see that the old zone has not changed", "确认旧解析未变更"
	case StepSwitch:
		return "switch the name servers", "修改域名服务器"
	case StepPropagate:
		return "wait until caches have run out", "等待缓存过期"
	case StepFiling:
		return "the ICP filing", "备案声明"
	case StepUnlock:
		return "unlock the domain and get a code", "解锁并获取转移密码"
	case StepCheck:
		return "check code and price", "检查转移密码与价格"
	case StepTransfer:
		return "order the transfer", "提交转入"
	case StepApprove:
		return "let the domain go", "快速转出"
	case StepFinish:
		return "take the domain over", "完成转入"
	case StepAfter:
		return "look at everything again", "再次核对"
	case StepEnd:
		return "done", "完成"
	}
	return string(s), string(s)
}
