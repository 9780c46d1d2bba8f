package main

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var grants = map[string][]string{
	"shop.example.no":     {"shop"},
	"*.apps.example.no":   {"shop", "bank"},
	"www.apps.example.no": {"bank"},
}

// services has one in each namespace, of this name, with pods, and one without.
func services(namespace, name string) (*core.Service, bool) {
	one := &core.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: core.ServiceSpec{Ports: []core.ServicePort{
			{Name: "http", Port: 80}, {Name: "grpc", Port: 9090, AppProtocol: ptr.To("kubernetes.io/h2c")},
		}},
	}
	if name == "web" {
		one.Spec.Selector = map[string]string{"app": name}
	}
	return one, name == "web" || name == "elsewhere"
}

func ingress(namespace, name string, age time.Duration, host string, paths ...string) *networking.Ingress {
	rule := networking.IngressRule{Host: host, IngressRuleValue: networking.IngressRuleValue{HTTP: &networking.HTTPIngressRuleValue{}}}
	for _, path := range paths {
		kind := networking.PathTypePrefix
		if path, exact := strings.CutPrefix(path, "="); exact {
			kind = networking.PathTypeExact
			rule.HTTP.Paths = append(rule.HTTP.Paths, to(path, kind, "web", 80))
			continue
		}
		rule.HTTP.Paths = append(rule.HTTP.Paths, to(path, kind, "web", 80))
	}
	return &networking.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0).Add(-age))},
		Spec:       networking.IngressSpec{IngressClassName: ptr.To(class), Rules: []networking.IngressRule{rule}},
	}
}

func to(path string, kind networking.PathType, service string, port int32) networking.HTTPIngressPath {
	return networking.HTTPIngressPath{Path: path, PathType: &kind, Backend: networking.IngressBackend{
		Service: &networking.IngressServiceBackend{Name: service, Port: networking.ServiceBackendPort{Number: port}},
	}}
}

func TestAHostIsServedForWhomTheStackGivesItTo(t *testing.T) {
	for _, each := range []struct {
		namespace, host string
		served          bool
	}{
		{"shop", "shop.example.no", true},
		{"bank", "shop.example.no", false},
		{"shop", "*.apps.example.no", true},
		{"bank", "www.apps.example.no", true},
		// One that another's wildcard covers is still another host.
		{"shop", "www.apps.example.no", false},
		{"shop", "a.apps.example.no", false},
		{"shop", "example.no", false},
		{"shop", "", false},
		{"shop", "{env.HOME}", false},
	} {
		routes, left := routesOf([]*networking.Ingress{ingress(each.namespace, "a", 0, each.host, "/")}, grants, services)
		if (len(routes) == 1) != each.served || (len(left) == 0) != each.served {
			t.Errorf("%s for %s: %v, left out %q", each.host, each.namespace, routes, left)
		}
	}
}

func TestWhatIsOfAnotherClassIsLeftAlone(t *testing.T) {
	one := ingress("shop", "a", 0, "shop.example.no", "/")
	for class, served := range map[*string]int{nil: 1, ptr.To("grunnmur"): 1, ptr.To("nginx"): 0} {
		one.Spec.IngressClassName = class
		if routes, left := routesOf([]*networking.Ingress{one}, grants, services); len(routes) != served || len(left) > 0 {
			t.Errorf("%v, left out %q", routes, left)
		}
	}
}

func TestTheOlderKeepsAPath(t *testing.T) {
	newer := ingress("bank", "newer", 0, "*.apps.example.no", "/", "/b")
	older := ingress("shop", "older", time.Hour, "*.apps.example.no", "/")
	routes, left := routesOf([]*networking.Ingress{newer, older}, grants, services)
	want := []string{`bank/newer: shop/older has "*.apps.example.no/" already`}
	if !reflect.DeepEqual(left, want) || len(routes) != 2 || routes[1].to.namespace != "shop" {
		t.Errorf("%v, left out %q", routes, left)
	}
}

func TestALongerPathIsAskedFirst(t *testing.T) {
	routes, _ := routesOf([]*networking.Ingress{
		ingress("shop", "c", 0, "*.apps.example.no", "/"),
		ingress("bank", "b", 0, "www.apps.example.no", "/"),
		ingress("shop", "a", 0, "shop.example.no", "/", "/a/b/", "=/a/b", "/a"),
	}, grants, services)
	var order []string
	for _, one := range routes {
		order = append(order, fmt.Sprint(one.host, one.path, one.exact))
	}
	want := []string{
		"*.apps.example.no/false",
		"shop.example.no/a/btrue", "shop.example.no/a/bfalse", "shop.example.no/afalse", "shop.example.no/false",
		"www.apps.example.no/false",
	}
	if !reflect.DeepEqual(order, want) {
		t.Errorf("%q", order)
	}
}

func TestAPathHoldsWhatIsBelowItByWholeElements(t *testing.T) {
	for _, each := range []struct {
		path  string
		exact bool
		asked string
		held  bool
	}{
		{"/", false, "/any", true},
		{"/a", false, "/a", true},
		{"/a", false, "/a/", true},
		{"/a", false, "/a/b", true},
		{"/a", false, "/ab", false},
		{"/a", false, "/A", false},
		{"/a", false, "/a/../b", false},
		{"/a", false, "/b/../a/c", true},
		{"/a", false, "//a", true},
		{"/a", true, "/a", true},
		{"/a", true, "/a/", false},
		{"/a/", true, "/a/", true},
		{"/a.*", false, "/abc", false},
		{"/a", false, "", false},
		{"/", true, "/", true},
		{"/", true, "/a", false},
	} {
		if held := (route{path: each.path, exact: each.exact}).holds(each.asked); held != each.held {
			t.Errorf("%+v", each)
		}
	}
}

func TestWhatLeadsToNobodyIsKeptAndSaid(t *testing.T) {
	one := ingress("shop", "a", 0, "shop.example.no")
	kind := networking.PathTypePrefix
	resource := to("/r", kind, "", 0)
	resource.Backend.Service = nil
	one.Spec.Rules[0].HTTP.Paths = []networking.HTTPIngressPath{
		to("/1", kind, "none", 80), to("/2", kind, "elsewhere", 80), to("/3", kind, "web", 81), resource, to("/4", kind, "web", 9090),
	}
	routes, left := routesOf([]*networking.Ingress{one}, grants, services)
	for at, part := range []string{"there is no service none", "elsewhere selects no pods", "has no port", "only services"} {
		if !strings.Contains(left[at], part) {
			t.Errorf("%q", left[at])
		}
	}
	for _, one := range routes {
		want := port{}
		if one.path == "/4" {
			want = port{"shop", "web", "grpc"}
		}
		if one.to != want || one.h2c != (one.path == "/4") {
			t.Errorf("%+v", one)
		}
	}
}

func TestOnlySlicesOfKubernetesItselfLeadAnywhere(t *testing.T) {
	slice := func(by, service string, endpoints ...discovery.Endpoint) *discovery.EndpointSlice {
		labels := map[string]string{discovery.LabelServiceName: service, discovery.LabelManagedBy: by}
		return &discovery.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: labels}, Endpoints: endpoints,
			Ports: []discovery.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8080)}},
		}
	}
	at := func(address string, ready *bool) discovery.Endpoint {
		return discovery.Endpoint{Addresses: []string{address}, Conditions: discovery.EndpointConditions{Ready: ready}}
	}
	selects := func(namespace, name string) bool { return name == "web" }
	table := endpointsOf([]*discovery.EndpointSlice{
		slice(madeBy, "web", at("10.244.1.2", nil), at("10.244.1.3", ptr.To(true)), at("10.244.1.4", ptr.To(false)), at("10.20.0.11", nil)),
		slice("a-tenant", "web", at("10.244.9.9", nil)),
		slice(madeBy, "elsewhere", at("10.244.9.9", nil)),
	}, selects, netip.MustParsePrefix("10.244.0.0/16"))
	want := endpoints{{"shop", "web", "http"}: {"10.244.1.2:8080", "10.244.1.3:8080"}}
	if !reflect.DeepEqual(table, want) {
		t.Errorf("%v", table)
	}
}
