package provisioning

// Define is Definition with connection strings from the test.
var Define = define
