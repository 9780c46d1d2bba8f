package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// A route is what a path of a host leads to.
type route struct {
	host string
	path string
	// Of the path alone, and not of what lies below it.
	exact bool
	to    port
	// The pods are spoken to in HTTP/2 without TLS, as gRPC needs.
	h2c bool
}

type finder func(namespace, name string) (*core.Service, bool)

// ours tells whether an Ingress is of our class, or of none: one that was made before there was a default has none.
func ours(one *networking.Ingress) bool {
	return one.Spec.IngressClassName == nil || *one.Spec.IngressClassName == class
}

// routesOf reads what our Ingress objects ask for, the oldest first: what one has, a later one does not get.
// What is left out is said for the log.
func routesOf(all []*networking.Ingress, grants map[string][]string, find finder) (routes []route, left []string) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b *networking.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(nameOf(a), nameOf(b)))
	})
	taken := map[string]string{}
	for _, each := range all {
		if !ours(each) {
			continue
		}
		leave := func(format string, values ...any) {
			left = append(left, fmt.Sprintf("%s: %s", nameOf(each), fmt.Sprintf(format, values...)))
		}
		if each.Spec.DefaultBackend != nil {
			leave("a defaultBackend would answer for hosts of others")
		}
		for _, rule := range each.Spec.Rules {
			if !slices.Contains(grants[rule.Host], each.Namespace) {
				leave("the stack does not give the host %q to this namespace", rule.Host)
				continue
			}
			if rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				asked := route{host: rule.Host, path: cmp.Or(path.Path, "/"), exact: is(path.PathType, networking.PathTypeExact)}
				if !asked.exact && asked.path != "/" {
					asked.path = strings.TrimRight(asked.path, "/")
				}
				key := fmt.Sprint(asked.host, asked.path, asked.exact)
				if other, there := taken[key]; there {
					leave("%s has %q already", other, asked.host+asked.path)
					continue
				}
				if err := asked.lead(each.Namespace, path.Backend, find); err != nil {
					leave("%q: %v", asked.host+asked.path, err)
				}
				taken[key] = nameOf(each)
				routes = append(routes, asked)
			}
		}
	}
	slices.SortStableFunc(routes, func(a, b route) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(len(b.path), len(a.path)), cmp.Compare(prefix(a), prefix(b)))
	})
	return routes, left
}

// lead finds the port by the name that it has among endpoints. Where it fails the route leads to nobody, and answers so.
func (r *route) lead(namespace string, backend networking.IngressBackend, find finder) error {
	if backend.Service == nil {
		return fmt.Errorf("only services can be behind it")
	}
	service, found := find(namespace, backend.Service.Name)
	if !found {
		return fmt.Errorf("there is no service %s", backend.Service.Name)
	}
	if len(service.Spec.Selector) == 0 {
		return fmt.Errorf("the service %s selects no pods", service.Name)
	}
	wanted := backend.Service.Port
	for _, each := range service.Spec.Ports {
		if wanted.Name != "" && each.Name == wanted.Name || wanted.Name == "" && each.Port == wanted.Number {
			r.to = port{namespace: namespace, service: service.Name, name: each.Name}
			r.h2c = each.AppProtocol != nil && *each.AppProtocol == "kubernetes.io/h2c"
			return nil
		}
	}
	return fmt.Errorf("the service %s has no port %s", service.Name, wanted.String())
}

func nameOf(one *networking.Ingress) string { return one.Namespace + "/" + one.Name }

func is(asked *networking.PathType, kind networking.PathType) bool {
	return asked != nil && *asked == kind
}

func prefix(r route) int { return number(!r.exact) }

func number(is bool) int {
	if is {
		return 1
	}
	return 0
}
