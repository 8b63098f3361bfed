let a;
/* one */
const t = multiline(function () {
/*
 * the new text
 */
});
