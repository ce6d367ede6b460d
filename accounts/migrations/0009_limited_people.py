from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_audit_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='limit',
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(
                condition=models.Q(('role', 'owner'), _negated=True) | models.Q(('limit', {})),
                name='accounts_user_owner_without_limit',
            ),
        ),
    ]
