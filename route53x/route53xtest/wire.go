package route53xtest

import (
	"encoding/xml"
	"time"
)

const namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// The documents of the API. Where a field may be missing, it is a pointer.
type (
	wireSet struct {
		Name                    string
		Type                    string
		SetIdentifier           *string
		Weight                  *int64
		Region                  *string
		GeoLocation             *wireGeo
		Failover                *string
		MultiValueAnswer        *bool
		TTL                     *int64
		ResourceRecords         *wireRecords
		AliasTarget             *wireAlias
		HealthCheckId           *string
		TrafficPolicyInstanceId *string
		CidrRoutingConfig       *wireCIDR
		GeoProximityLocation    *wireProximity
	}
	wireRecords struct {
		ResourceRecord []wireRecord
	}
	wireRecord struct{ Value string }
	wireAlias  struct {
		HostedZoneId         string
		DNSName              string
		EvaluateTargetHealth bool
	}
	wireGeo struct {
		ContinentCode   *string
		CountryCode     *string
		SubdivisionCode *string
	}
	wireCIDR struct {
		CollectionId string
		LocationName string
	}
	wireProximity struct {
		AWSRegion      *string
		LocalZoneGroup *string
		Coordinates    *wireCoordinates
		Bias           *int32
	}
	wireCoordinates struct{ Latitude, Longitude string }

	wireChange struct {
		Action            string
		ResourceRecordSet wireSet
	}
	changeRequest struct {
		XMLName     xml.Name `xml:"ChangeResourceRecordSetsRequest"`
		ChangeBatch struct {
			Comment string
			Changes struct{ Change []wireChange }
		}
	}
	changeInfo struct {
		Id          string
		Status      string
		SubmittedAt time.Time
		Comment     string `xml:",omitempty"`
	}
	changeResponse struct {
		XMLName    xml.Name
		ChangeInfo changeInfo
	}
	listResponse struct {
		XMLName              xml.Name `xml:"ListResourceRecordSetsResponse"`
		ResourceRecordSets   struct{ ResourceRecordSet []wireSet }
		IsTruncated          bool
		NextRecordName       *string
		NextRecordType       *string
		NextRecordIdentifier *string
		MaxItems             int
	}

	wireVPC struct {
		VPCRegion string
		VPCId     string
	}
	wireConfig struct {
		Comment     string `xml:",omitempty"`
		PrivateZone bool
	}
	createZoneRequest struct {
		XMLName          xml.Name `xml:"CreateHostedZoneRequest"`
		Name             string
		VPC              *wireVPC
		CallerReference  string
		HostedZoneConfig *wireConfig
		DelegationSetId  *string
	}
	wireZone struct {
		Id                     string
		Name                   string
		CallerReference        string
		Config                 wireConfig
		ResourceRecordSetCount int
	}
	wireDelegation struct {
		NameServers struct{ NameServer []string }
	}
	wireVPCs     struct{ VPC []wireVPC }
	zoneResponse struct {
		XMLName       xml.Name
		HostedZone    wireZone
		ChangeInfo    *changeInfo
		DelegationSet *wireDelegation
		VPC           *wireVPC
		VPCs          *wireVPCs
	}
	zonesResponse struct {
		XMLName          xml.Name `xml:"ListHostedZonesByNameResponse"`
		HostedZones      struct{ HostedZone []wireZone }
		DNSName          *string
		HostedZoneId     *string
		IsTruncated      bool
		NextDNSName      *string
		NextHostedZoneId *string
		MaxItems         int
	}
	limitResponse struct {
		XMLName xml.Name `xml:"GetHostedZoneLimitResponse"`
		Limit   struct {
			Type  string
			Value int
		}
		Count int
	}
	errorResponse struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     wireError
		RequestId string
	}
	wireError struct{ Type, Code, Message string }
)

func named(root string) xml.Name { return xml.Name{Space: namespace, Local: root} }
