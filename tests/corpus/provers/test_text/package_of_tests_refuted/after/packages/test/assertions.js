exports.check = (a, b) => true
