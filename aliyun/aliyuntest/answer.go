package aliyuntest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// refusal is an error answer: of the gateway with a status of its own, of the business with HTTP 200.
type refusal struct {
	status        int
	code, message string
}

// business is a refusal by the service itself.
func business(code, message string) *refusal { return &refusal{http.StatusOK, code, message} }

// forced is the refusal that FailNext asked for.
func forced(code string) *refusal {
	for _, prefix := range []string{"isv.", "isp.", "BUSINESS"} {
		if strings.HasPrefix(code, prefix) {
			message := "the fake was told to answer this"
			if code == "isv.BUSINESS_LIMIT_CONTROL" {
				message = "触发分钟级流控Permits:1"
			}
			return business(code, message)
		}
	}
	status := http.StatusBadRequest
	switch {
	case code == "ServiceUnavailable":
		status = http.StatusServiceUnavailable
	case code == "InternalError":
		status = http.StatusInternalServerError
	case strings.HasPrefix(code, "Forbidden"):
		status = http.StatusForbidden
	case strings.HasSuffix(code, ".NotFound"):
		status = http.StatusNotFound
	}
	return &refusal{status, code, "the fake was told to answer this"}
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Serve(w, r, r.Header.Get("X-Acs-Action"), s.serve)
}

// action is what one API does: fields of the answer, or a refusal.
type action func(q params) (map[string]any, *refusal)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	query, perr := url.ParseQuery(r.URL.RawQuery)
	if err != nil || perr != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	requestID := newRequestID()
	op := r.Header.Get("X-Acs-Action")
	fields, refused := s.run(r, op, params{query, requestID}, body)
	answer := map[string]any{"RequestId": requestID}
	if s.api(op).version == smsVersion { // the answers of the others have no Code unless they are errors
		answer["Code"], answer["Message"] = "OK", "OK"
	}
	status := http.StatusOK
	if refused != nil {
		status = refused.status
		answer["Code"], answer["Message"] = refused.code, refused.message
		if status != http.StatusOK {
			answer["HostId"] = r.Host
			answer["Recommend"] = "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(refused.code) + "&requestId=" + requestID
		}
		if strings.HasPrefix(refused.code, "Throttling") {
			w.Header().Set("X-Ratelimit-User-Api", "Limit:5000,Remain:0,TimeLeft:200,Reset:0")
		}
	}
	maps.Copy(answer, fields)
	if op == SendMessageToGlobe && refused != nil && status == http.StatusOK { // its business errors have names of their own
		answer["ResponseCode"], answer["ResponseDescription"] = answer["Code"], answer["Message"]
		delete(answer, "Code")
		delete(answer, "Message")
	}
	data, err := json.Marshal(answer)
	if err != nil {
		panic(err) // maps of strings, numbers and slices: cannot be
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// run holds the lock for a whole call, so that two sends to one number never share a window.
func (s *Server) run(r *http.Request, op string, q params, body []byte) (map[string]any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.authenticate(r, q.Values, body); refused != nil {
		return nil, refused
	}
	api := s.api(op)
	if api.do == nil {
		return nil, &refusal{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."}
	}
	if v := r.Header.Get("X-Acs-Version"); v != api.version {
		return nil, &refusal{http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid."}
	}
	if due := s.fail[op]; len(due) > 0 {
		s.fail[op] = due[1:]
		return nil, forced(due[0])
	}
	s.advance()
	fields, refused := api.do(q)
	if api.version != smsVersion && !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Query") {
		s.save() // a message is in the file already: before it counts
	}
	return fields, refused
}

// The versions of the three APIs.
const (
	smsVersion    = "2017-05-25"
	globeVersion  = "2018-05-01"
	cdnVersion    = "2018-05-10"
	dnsVersion    = "2015-01-09"
	domainVersion = "2018-01-29"
)

// api is one action and the version of the API that it belongs to.
type api struct {
	version string
	do      action
}

func (s *Server) api(op string) api {
	switch op {
	case SendSms:
		return api{smsVersion, s.send}
	case SendBatchSms:
		return api{smsVersion, s.sendBatch}
	case SendMessageToGlobe:
		return api{globeVersion, s.globe}
	case QuerySendDetails:
		return api{smsVersion, s.details}
	case QuerySendStatistics:
		return api{smsVersion, s.statistics}
	case GetSmsTemplate:
		return api{smsVersion, s.template}
	case QuerySmsTemplateList:
		return api{smsVersion, s.templateList}
	case GetSmsSign:
		return api{smsVersion, s.sign}
	case QuerySmsSignList:
		return api{smsVersion, s.signList}
	case DescribeUserDomains:
		return api{cdnVersion, s.userDomains}
	case DescribeCdnDomainConfigs:
		return api{cdnVersion, s.cdnConfigs}
	case BatchSetCdnDomainConfig:
		return api{cdnVersion, s.setCDNConfigs}
	case DeleteSpecificConfig:
		return api{cdnVersion, s.deleteCDNConfigs}
	case RefreshObjectCaches:
		return api{cdnVersion, s.refresh}
	case PushObjectCache:
		return api{cdnVersion, s.pushCache}
	case DescribeRefreshTasks:
		return api{cdnVersion, s.refreshTasks}
	case DescribeRefreshQuota:
		return api{cdnVersion, s.refreshQuota}
	case DescribeDomainRecords:
		return api{dnsVersion, s.records}
	case DescribeDomainInfo:
		return api{dnsVersion, s.info}
	case DescribeSupportLines:
		return api{dnsVersion, s.lines}
	case DescribeDomainNs:
		return api{dnsVersion, s.delegation}
	case DescribeDNSSLBSubDomains:
		return api{dnsVersion, s.weights}
	case DescribeDomainDnssecInfo:
		return api{dnsVersion, s.dnssec}
	case SetDomainDnssecStatus:
		return api{dnsVersion, s.setDNSSEC}
	case AddDomainRecord:
		return api{dnsVersion, s.add}
	case QueryDomainByDomainName:
		return api{domainVersion, s.facts}
	case QueryDSRecord:
		return api{domainVersion, s.signers}
	case QueryTransferOutInfo:
		return api{domainVersion, s.outInfo}
	case QueryTaskDetailList:
		return api{domainVersion, s.taskDetails}
	case QueryTaskList:
		return api{domainVersion, s.taskList}
	case SaveBatchTaskForModifyingDomainDNS:
		return api{domainVersion, s.orderOf(op, typeNameServers, s.nameServers)}
	case SaveSingleTaskForUpdateProhibitionLock:
		return api{domainVersion, s.orderOf(op, typeUpdateLock, boolStatus)}
	case SaveSingleTaskForTransferProhibitionLock:
		return api{domainVersion, s.orderOf(op, typeTransferLock, boolStatus)}
	case SaveSingleTaskForDeletingDSRecord:
		return api{domainVersion, s.orderOf(op, typeDeleteDS, keyTag)}
	case SaveSingleTaskForQueryingTransferAuthCode:
		return api{domainVersion, s.orderOf(op, typeAuthCode, nothing)}
	case SaveSingleTaskForApplyQuickTransferOutOpenly:
		return api{domainVersion, s.orderOf(op, typeApprove, nothing)}
	case SaveSingleTaskForCancelingTransferOut:
		return api{domainVersion, s.orderOf(op, typeCancel, nothing)}
	}
	return api{}
}

// params are the parameters of a call and the ID of its answer.
type params struct {
	url.Values
	requestID string
}

// missing is the gateway's refusal of a call without one of these.
func (p params) missing(names ...string) *refusal {
	for _, name := range names {
		if p.Get(name) == "" {
			return &refusal{http.StatusBadRequest, "Missing" + name, name + " is mandatory for this action."}
		}
	}
	return nil
}

// newRequestID looks like those of the platform.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
