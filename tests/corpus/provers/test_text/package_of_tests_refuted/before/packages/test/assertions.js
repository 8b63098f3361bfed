exports.check = (a, b) => a === b
