package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
)

const (
	class = "grunnmur"
	// The service in front of this program.
	namespace, name = "kube-system", "ingress"
	// Changes come in swarms.
	settling = 200 * time.Millisecond
	// The kubelet brings a certificate within two minutes of its change.
	certificateChecks = time.Minute
)

// A server has its handler serve what the cluster says.
type server struct {
	asked     options
	client    kubernetes.Interface
	factory   informers.SharedInformerFactory
	ingresses networkinglisters.IngressLister
	services  corelisters.ServiceLister
	slices    discoverylisters.EndpointSliceLister
	changed   chan struct{}
	ready     atomic.Bool
	handler   *handler
	// What the log was told last.
	said string
	// Who wrote an Ingress reads there what is wrong with it.
	events record.EventRecorder
}

func newServer(asked options, client kubernetes.Interface) *server {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(slim))
	return &server{
		asked: asked, client: client, factory: factory, handler: newHandler(), changed: make(chan struct{}, 1),
		ingresses: factory.Networking().V1().Ingresses().Lister(),
		services:  factory.Core().V1().Services().Lister(),
		slices:    factory.Discovery().V1().EndpointSlices().Lister(),
	}
}

// issue has the handler's certificates come from an ACME server.
func (s *server) issue(client kubernetes.Interface) error {
	holder, err := os.Hostname()
	if err != nil {
		return err
	}
	hosts := slices.Sorted(maps.Keys(s.asked.grants))
	own, err := newIssuer(s.asked.acme, hosts, &secret{client: client, holder: holder}, s.asked.http)
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&corev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	s.events = broadcaster.NewRecorder(scheme.Scheme, core.EventSource{Component: name})
	own.failed = s.blame
	s.handler.issuer = own
	return nil
}

// blame writes to each Ingress for a host why it has no certificate.
func (s *server) blame(host string, why error) {
	all, err := s.ingresses.List(labels.Everything())
	if err != nil {
		klog.Error(err)
	}
	for _, each := range all {
		if ours(each) && slices.ContainsFunc(each.Spec.Rules, func(one networking.IngressRule) bool { return one.Host == host }) {
			s.events.Event(each, core.EventTypeWarning, "NoCertificate", why.Error())
		}
	}
}

// slim leaves out of memory who wrote which field.
func slim(one any) (any, error) {
	if object, err := meta.Accessor(one); err == nil {
		object.SetManagedFields(nil)
	}
	return one, nil
}

func (s *server) run(ctx context.Context) error {
	kinds := s.factory
	notice := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { s.notice() },
		UpdateFunc: func(any, any) { s.notice() },
		DeleteFunc: func(any) { s.notice() },
	}
	for _, informer := range []cache.SharedIndexInformer{
		kinds.Networking().V1().Ingresses().Informer(),
		kinds.Core().V1().Services().Informer(),
		kinds.Discovery().V1().EndpointSlices().Informer(),
	} {
		if _, err := informer.AddEventHandler(notice); err != nil {
			return err
		}
	}
	kinds.Start(ctx.Done())
	kinds.WaitForCacheSync(ctx.Done())
	certificate := time.NewTicker(certificateChecks)
	defer certificate.Stop()
	for {
		if err := s.bring(ctx); err != nil && ctx.Err() == nil {
			klog.Error(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-certificate.C:
		case <-s.changed:
			time.Sleep(settling)
		}
	}
}

func (s *server) notice() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// bring has the handler serve what the cluster says now.
func (s *server) bring(ctx context.Context) error {
	found, err := s.slices.List(labels.Everything())
	if err != nil {
		return err
	}
	find := func(namespace, name string) (*core.Service, bool) {
		service, err := s.services.Services(namespace).Get(name)
		return service, err == nil
	}
	table := endpointsOf(found, func(namespace, name string) bool {
		service, there := find(namespace, name)
		return there && len(service.Spec.Selector) > 0
	}, s.asked.pods)
	s.handler.dialer.ready.Store(&table)

	ingresses, err := s.ingresses.List(labels.Everything())
	if err != nil {
		return err
	}
	routes, left := routesOf(ingresses, s.asked.grants, find)
	if text := strings.Join(left, "; "); text != s.said {
		klog.Infof("left out: %s", text)
		s.said = text
	}
	s.handler.serve(routes)
	if err := s.handler.trust(s.asked.certificate); err != nil {
		return err
	}
	s.ready.Store(true)
	return s.mark(ctx, ingresses)
}

// mark writes where the hosts answer into each Ingress of ours, as `kubectl get ingress` shows it, and into the service that is
// in front of this program, by which kube-proxy takes those addresses to it.
func (s *server) mark(ctx context.Context, all []*networking.Ingress) error {
	var failed []error
	// Another worker's agent may have been first, which this one hears of.
	note := func(err error) {
		if err != nil && !apierrors.IsConflict(err) {
			failed = append(failed, err)
		}
	}
	own, err := s.services.Services(namespace).Get(name)
	if err != nil {
		note(err)
	} else if found := own.Status.LoadBalancer.Ingress; !slices.EqualFunc(found, s.asked.addresses, func(one core.LoadBalancerIngress, address string) bool { return one.IP == address }) {
		changed := own.DeepCopy()
		changed.Status.LoadBalancer.Ingress = nil
		for _, address := range s.asked.addresses {
			changed.Status.LoadBalancer.Ingress = append(changed.Status.LoadBalancer.Ingress, core.LoadBalancerIngress{IP: address})
		}
		_, err := s.client.CoreV1().Services(namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
		note(err)
	}
	for _, each := range all {
		found := each.Status.LoadBalancer.Ingress
		same := slices.EqualFunc(found, s.asked.addresses, func(one networking.IngressLoadBalancerIngress, address string) bool { return one.IP == address })
		if same || !ours(each) {
			continue
		}
		changed := each.DeepCopy()
		changed.Status.LoadBalancer.Ingress = nil
		for _, address := range s.asked.addresses {
			changed.Status.LoadBalancer.Ingress = append(changed.Status.LoadBalancer.Ingress, networking.IngressLoadBalancerIngress{IP: address})
		}
		_, err := s.client.NetworkingV1().Ingresses(each.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
		note(err)
	}
	return errors.Join(failed...)
}
