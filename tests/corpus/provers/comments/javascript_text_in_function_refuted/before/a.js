let a;
/* one */
const t = multiline(function () {
/*
 * the old text
 */
});
