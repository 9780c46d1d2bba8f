module payment-service

go 1.26
